using CodeExec.Shared.Jobs;

namespace CodeExec.Shared.Running;

/// <summary>Where a background job stands.</summary>
public enum BackgroundState
{
    /// <summary>It waits for a slot or a worker.</summary>
    Waiting,

    /// <summary>Its packages are installed, or its code runs.</summary>
    Running,

    /// <summary>It is over: there is a result, or a fault.</summary>
    Ended,
}

/// <summary>A background job as its caller finds it. Immutable.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Result">What it came to; null while it isn't over, and when the service failed at it.</param>
/// <param name="Fault">Why there is no result, in words that may be shown to the client; else null.</param>
public sealed record BackgroundJob(BackgroundState State, ExecutionResult? Result = null, string? Fault = null);

/// <summary>Runs jobs whose callers don't wait: they get the job's id and come back for the result.</summary>
/// <remarks>
/// To implementers: any thread. A job belongs to its caller: nobody else finds it, nor learns that it exists. A result is found for
/// RESULT_TTL_SECONDS after its job's end.
/// </remarks>
public interface IBackgroundJobs
{
    /// <summary>Begins a job; returns when it is queued or runs.</summary>
    /// <param name="job">The job.</param>
    /// <param name="caller">Whose it is: the name of the API key.</param>
    /// <param name="cancel">Ends the attempt, not the job.</param>
    /// <exception cref="RunnerException">Too many wait, or it can't be placed; the text may be shown to the client.</exception>
    Task StartAsync(ExecutionJob job, string caller, CancellationToken cancel);

    /// <summary>Looks for a job, and waits a time for its end.</summary>
    /// <param name="id">The job's id.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="patience">How long to wait; zero looks once.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Null when this caller has no such job, or its result is no longer kept.</returns>
    /// <exception cref="RunnerException">It can't be looked for now.</exception>
    Task<BackgroundJob?> FindAsync(string id, string caller, TimeSpan patience, CancellationToken cancel);

    /// <summary>Asks for a job to be stopped. One that is over, unknown or somebody else's stays as it is.</summary>
    /// <exception cref="RunnerException">It can't be reached now.</exception>
    Task CancelAsync(string id, string caller, CancellationToken cancel);
}
