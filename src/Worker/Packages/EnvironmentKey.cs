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

    /// <summary>The key: 24 hexadecimal digits.</summary>
    /// <param name="requirements">The set; empty for the environment without packages.</param>
    /// <param name="interpreter">What it stands on.</param>
    /// <param name="options">Where packages come from; the values are hashed, so no credential shows.</param>
    /// <param name="behind">The key of the environment whose packages are visible behind its own; null for none.</param>
    public static string Of(IEnumerable<PackageRequirement> requirements, PythonInterpreter interpreter, PackageOptions options, string? behind)
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
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))).AsSpan(0, 12));
    }
}
