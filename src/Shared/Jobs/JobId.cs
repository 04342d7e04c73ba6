namespace CodeExec.Shared.Jobs;

/// <summary>Names one job in logs, errors and file names: 12 lower-case hexadecimal digits, random.</summary>
public static class JobId
{
    /// <summary>Makes a new id. Any thread.</summary>
    // The last 12 digits of a GUID are all random, and from the kernel: RandomNumberGenerator would load OpenSSL for the first job.
    public static string Create() => Guid.NewGuid().ToString("N")[20..];
}
