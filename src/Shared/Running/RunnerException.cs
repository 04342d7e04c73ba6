namespace CodeExec.Shared.Running;

/// <summary>
/// The service can't run a job now, for a reason the caller may know and act on: too many wait, it is shutting down, Python
/// is missing. The message goes to the client as it is, so it holds no secret and no path of ours.
/// </summary>
public sealed class RunnerException(string message, Exception? inner = null) : Exception(message, inner);
