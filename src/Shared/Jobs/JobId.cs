using System.Security.Cryptography;

namespace CodeExec.Shared.Jobs;

/// <summary>Names one job in logs, errors and file names: 12 lower-case hexadecimal digits, random.</summary>
public static class JobId
{
    /// <summary>Makes a new id. Any thread.</summary>
    public static string Create() => RandomNumberGenerator.GetHexString(12, lowercase: true);
}
