using CodeExec.Shared.Jobs;

namespace CodeExec.Shared.Running;

/// <summary>"Run this job and tell me what happens": the seam between the tool and whatever runs Python.</summary>
/// <remarks>
/// To implementers: called from many threads at once, once per job. Every run ends with exactly one <see cref="JobFinished"/>,
/// whatever the code does and however it is stopped; where code runs in this process, nothing of the job is left on the host when the events
/// have ended, a moment after it. A consumer that stops enumerating before it ends the job with <see cref="StopReason.ClientGone"/>. What is not the code's doing is thrown: a
/// <see cref="RunnerException"/> when the caller can act on it, anything else when only we can.
/// </remarks>
public interface IJobRunner
{
    /// <summary>Runs one job to its end.</summary>
    /// <param name="job">What to run.</param>
    /// <param name="stop">Ends the run early, with its reason.</param>
    /// <exception cref="RunnerException">The job could not be run; its text may be shown to the client.</exception>
    IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop);
}
