using System.Text.Json.Serialization;

namespace CodeExec.Shared.Jobs;

/// <summary>Something that happened to a job, in the order it happened. The last one is always <see cref="JobFinished"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(JobQueued), "queued")]
[JsonDerivedType(typeof(JobTaken), "taken")]
[JsonDerivedType(typeof(JobStarted), "started")]
[JsonDerivedType(typeof(PackagesInstalling), "installing")]
[JsonDerivedType(typeof(OutputChunk), "output")]
[JsonDerivedType(typeof(JobFinished), "finished")]
[JsonDerivedType(typeof(JobFailed), "failed")]
public abstract record JobEvent;

/// <summary>The job waits for a free slot.</summary>
/// <param name="Ahead">How many jobs wait before it; 0 or more.</param>
public sealed record JobQueued(int Ahead) : JobEvent;

/// <summary>A worker has the job: it waits no longer, though its code may not have started.</summary>
public sealed record JobTaken : JobEvent;

/// <summary>The code's Python process was started.</summary>
public sealed record JobStarted : JobEvent;

/// <summary>pip said something while the job's packages are installed.</summary>
/// <param name="Line">One line of pip's progress, without its end.</param>
public sealed record PackagesInstalling(string Line) : JobEvent;

/// <summary>The code printed something.</summary>
/// <param name="Stream">Where it was printed.</param>
/// <param name="Sequence">Counts the output events of this job over both streams: 0, 1, 2, …; a gap means a lost event.</param>
/// <param name="Text">The text, never cut inside a character; bytes that aren't UTF-8 arrive as U+FFFD.</param>
public sealed record OutputChunk(OutputStream Stream, long Sequence, string Text) : JobEvent;

/// <summary>The job is over: its program has ended, and what it may have left is being cleared away. Nothing follows.</summary>
/// <param name="Result">What the caller gets.</param>
public sealed record JobFinished(ExecutionResult Result) : JobEvent;

/// <summary>
/// The service failed at the job; nothing follows. Only on its way between processes: whoever listens to a runner is thrown a
/// <see cref="Running.RunnerException"/> instead.
/// </summary>
/// <param name="Message">May be shown to the client.</param>
public sealed record JobFailed(string Message) : JobEvent;
