using System.Security.Cryptography;
using System.Text;

namespace CodeExec.Shared.Packages;

/// <summary>
/// The name of a set of packages as it was asked for: the same wishes in whatever order and spelling have the same name. No interpreter is
/// needed, so every process comes to the same one. Any thread.
/// </summary>
public static class PackageSet
{
    /// <summary>The name: 24 hexadecimal digits; empty for a set of none.</summary>
    public static string NameOf(IReadOnlyCollection<PackageRequirement> requirements) =>
        requirements.Count == 0
            ? ""
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
                string.Join('\0', requirements.Select(requirement => requirement.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)))).AsSpan(0, 12));
}
