namespace CodeExec.Worker.Packages;

/// <summary>
/// The packages of a job can't be installed: data of the job's result, not a fault of the service. The message holds the useful lines of
/// what pip said.
/// </summary>
public sealed class InstallFailedException(int returnCode, string message, string? hint) : Exception(message)
{
    /// <summary>pip's exit code.</summary>
    public int ReturnCode { get; } = returnCode;

    /// <summary>What would help; null when nothing is known to.</summary>
    public string? Hint { get; } = hint;
}
