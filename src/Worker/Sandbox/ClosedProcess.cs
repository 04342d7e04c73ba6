namespace CodeExec.Worker.Sandbox;

/// <summary>Closes this process to others of the same user. The first thing that a service's Main does: what it reads next are secrets.</summary>
public static class ClosedProcess
{
    private const int GetDumpable = 3;

    /// <summary>Whether that was done.</summary>
    public static bool IsClosed => Kernel.ProcessControl(GetDumpable, 0, 0, 0, 0) == 0;

    /// <summary>
    /// From here on no process of this user can read our environment, memory or descriptors (PR_SET_DUMPABLE of prctl(2)); root can. .NET's
    /// diagnostics socket, which hands out the environment all the same, goes too, where DOTNET_EnableDiagnostics=0 has not kept it away.
    /// </summary>
    public static void Close()
    {
        _ = Kernel.ProcessControl(Kernel.SetDumpable, 0, 0, 0, 0);
        try
        {
            foreach (var socket in Directory.EnumerateFiles(Path.GetTempPath(), $"dotnet-diagnostic-{Environment.ProcessId}-*")) File.Delete(socket);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Without a temporary folder there is no socket in it.
        }
    }
}
