using System.Security.Cryptography;
using System.Text;
using CodeExec.Shared.Settings;

namespace CodeExec.Web.Auth;

/// <summary>The configured keys, as hashes. Immutable; any thread.</summary>
internal sealed class ApiKeys(IReadOnlyList<ApiKey> keys)
{
    private readonly (string Name, byte[] Hash)[] _keys = [.. keys.Select(key => (key.Name, Hash(key.Value)))];

    /// <summary>Whether there are none, so that everybody is let in.</summary>
    public bool IsEmpty => _keys.Length == 0;

    /// <summary>The name of the key that equals what a client presented; null when none does.</summary>
    /// <remarks>
    /// Hashes are compared, so that neither the length nor the first differing character shows in the time it takes, and all of them,
    /// so that a key's place in the list doesn't either.
    /// </remarks>
    public string? FindName(string presented)
    {
        var hash = Hash(presented);
        string? found = null;
        foreach (var (name, expected) in _keys)
            if (CryptographicOperations.FixedTimeEquals(hash, expected)) found = name;
        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
