using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// The name of an environment: the same set of requirements on the same interpreter from the same index is the same environment, in
/// whatever order and spelling it is asked for.
/// </summary>
public static class EnvironmentKey
{
    // Raised when the layout of an environment changes, so that older ones are not used.
    private const string Layout = "1";

    /// <summary>The key of a set that a caller asks for: 24 hexadecimal digits.</summary>
    /// <param name="requirements">The set.</param>
    /// <param name="interpreter">What it stands on.</param>
    /// <param name="options">Where packages come from; the values are hashed, so no credential shows.</param>
    /// <param name="behind">The key of the environment whose packages are visible behind its own; null for none.</param>
    public static string Of(IEnumerable<PackageRequirement> requirements, PythonInterpreter interpreter, PackageOptions options, string? behind) =>
        Convert.ToHexStringLower(SHA256.HashData(Content(requirements, interpreter, options, behind)).AsSpan(0, 12));

    /// <summary>The key of a set that the operator chose, or of none: 16 hexadecimal digits.</summary>
    /// <remarks>
    /// No caller has a say in it, so it needn't withstand one who looks for two sets with the same key: SHA-256 would load OpenSSL, and the first
    /// call of a STDIO process wait 6 ms for that.
    /// </remarks>
    /// <seealso href="https://datatracker.ietf.org/doc/html/draft-eastlake-fnv">FNV-1a, 64 bits</seealso>
    public static string OfBase(IEnumerable<PackageRequirement> requirements, PythonInterpreter interpreter, PackageOptions options)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var one in Content(requirements, interpreter, options, null)) hash = unchecked((hash ^ one) * 0x100000001b3);
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    private static byte[] Content(IEnumerable<PackageRequirement> requirements, PythonInterpreter interpreter, PackageOptions options, string? behind)
    {
        string[] parts =
        [
            Layout,
            interpreter.Path,
            interpreter.Version,
            interpreter.Abi,
            options.AllowSourceDistributions ? "sdists" : "wheels",
            behind ?? "",
            .. options.PipEnvironment.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}={options.PipEnvironment[name]}"),
            "",
            .. requirements.Select(requirement => requirement.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        return Encoding.UTF8.GetBytes(string.Join('\0', parts));
    }
}
