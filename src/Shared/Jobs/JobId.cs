namespace CodeExec.Shared.Jobs;

/// <summary>Names one job in logs, errors and file names: 12 lower-case hexadecimal digits, random.</summary>
public static class JobId
{
    /// <summary>Makes a new id. Any thread.</summary>
    /// <remarks>The last 12 digits of a GUID are all random, from the kernel; RandomNumberGenerator would load OpenSSL for the first job.</remarks>
    public static string Create() => Guid.NewGuid().ToString("N")[20..];
}
