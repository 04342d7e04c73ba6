using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CodeExec.Shared.Settings;

namespace CodeExec.Web.Mcp;

/// <summary>
/// Makes session ids that any web process with the same API keys recognises without having seen them: 16 random bytes, and 16 bytes
/// of HMAC-SHA-256 over them and the name of the caller's key. Any thread.
/// </summary>
/// <remarks>
/// The HMAC's secret comes from the caller's own key, so that changing one key leaves the sessions of the others alone. Without keys
/// the secret is known to everybody; then everybody is the same caller, and the id's random half is what others can't guess.
/// </remarks>
internal sealed class SessionIds(WebOptions options)
{
    private const int RandomBytes = 16;
    private const int SealBytes = 16;

    private readonly Dictionary<string, byte[]> _secrets = options.ApiKeys.ToDictionary(key => key.Name, key => Secret(key.Value), StringComparer.Ordinal);
    private readonly byte[] _withoutKeys = Secret("");

    /// <summary>What a client is told whose id isn't one of these, or is another caller's.</summary>
    public static Refusal NotFound { get; } = new(StatusCodes.Status404NotFound, Refusal.SessionNotFound, "Session not found. Start a new one with initialize.");

    /// <summary>Makes a new id for a caller: 43 characters of URL-safe base64.</summary>
    public string Create(string caller)
    {
        Span<byte> id = stackalloc byte[RandomBytes + SealBytes];
        RandomNumberGenerator.Fill(id[..RandomBytes]);
        Seal(id[..RandomBytes], caller, id[RandomBytes..]);
        return Base64Url.EncodeToString(id);
    }

    /// <summary>Whether an id was made here, or by a twin of this process, for this caller.</summary>
    public bool IsFor(string caller, string id)
    {
        Span<byte> bytes = stackalloc byte[RandomBytes + SealBytes];
        if (id.Length != Base64Url.GetEncodedLength(bytes.Length)
            || !Base64Url.IsValid(id) || !Base64Url.TryDecodeFromChars(id, bytes, out var length) || length != bytes.Length) return false;
        Span<byte> expected = stackalloc byte[SealBytes];
        Seal(bytes[..RandomBytes], caller, expected);
        return CryptographicOperations.FixedTimeEquals(expected, bytes[RandomBytes..]);
    }

    private void Seal(ReadOnlySpan<byte> random, string caller, Span<byte> seal)
    {
        byte[] named = [.. random, .. Encoding.UTF8.GetBytes(caller)];
        HMACSHA256.HashData(_secrets.GetValueOrDefault(caller, _withoutKeys), named).AsSpan(0, SealBytes).CopyTo(seal);
    }

    private static byte[] Secret(string key) => HMACSHA256.HashData("codeexec session ids"u8, Encoding.UTF8.GetBytes(key));
}
