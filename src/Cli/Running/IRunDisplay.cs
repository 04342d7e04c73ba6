using CodeExec.Shared.Jobs;

namespace CodeExec.Cli.Running;

/// <summary>How a run is shown. Called in the order of what happens, by one thread at a time.</summary>
public interface IRunDisplay
{
    /// <summary>Shows something that happened on the way.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    Task ShowAsync(JobEvent happened);

    /// <summary>Shows the end; called once, last.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    Task FinishAsync(ExecutionResult result);
}
