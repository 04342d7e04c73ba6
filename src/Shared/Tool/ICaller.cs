using CodeExec.Shared.Running;

namespace CodeExec.Shared.Tool;

/// <summary>Whoever calls come from, and their share of the service. Any thread.</summary>
public interface ICaller
{
    /// <summary>Stands for the caller in logs; never a secret.</summary>
    string Name { get; }

    /// <summary>A turn that one call can wait for.</summary>
    ICallTurn Expect();
}

/// <summary>
/// One call's right to run, within its caller's limits. Belongs to one call. Disposed when the answer is written, not before: an answer that
/// its client doesn't read takes memory as a running call does.
/// </summary>
public interface ICallTurn : IDisposable
{
    /// <summary>Waits until the caller may run one more call. Called once at most.</summary>
    /// <exception cref="RunnerException">The caller is over a limit; the text says which, and when to call again.</exception>
    /// <exception cref="OperationCanceledException">The call was stopped while it waited.</exception>
    ValueTask WaitAsync(CancellationToken stop);

    /// <summary>Counts a call that runs no code: to the caller's rate, not to its calls at once.</summary>
    /// <exception cref="RunnerException">The caller is over its rate; the text says when to call again.</exception>
    void Count();
}
