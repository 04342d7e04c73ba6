using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Resuming;

/// <summary>Names one event of one answer, wherever its client comes back with it. Immutable.</summary>
/// <param name="Web">The web process that keeps the answer; empty where there is one alone.</param>
/// <param name="Answer">The answer's id in that process.</param>
/// <param name="Request">The JSON-RPC id of the request, so that its client can be told when the answer is gone.</param>
/// <param name="Number">0 for the event that begins the answer, then 1, 2, 3, …</param>
internal readonly record struct EventId(string Web, string Answer, RequestId Request, int Number)
{
    /// <summary>Longest JSON-RPC id that is repeated in an event's id, in bytes of its JSON; the ids of SDKs have one or two.</summary>
    public const int LongestRequestId = 64;

    /// <summary>Whether a request's id is short enough to be repeated with every event of its answer.</summary>
    public static bool Fits(RequestId request) => Json(request).Length <= LongestRequestId;

    /// <summary>Reads what a client sent back.</summary>
    public static bool TryParse(string text, out EventId id)
    {
        id = default;
        if (text.Split('.') is not [var web, { Length: > 0 } answer, var request, var number]) return false;
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        if (request.Length > Base64Url.GetEncodedLength(LongestRequestId) || !Base64Url.IsValid(request)) return false;
        try
        {
            id = new EventId(web, answer, JsonSerializer.Deserialize(Base64Url.DecodeFromChars(request), McpJsonUtilities.DefaultOptions.GetTypeInfo<RequestId>()), count);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>As it travels: visible ASCII without spaces.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Web}.{Answer}.{Base64Url.EncodeToString(Json(Request))}.{Number}");

    private static byte[] Json(RequestId request) => JsonSerializer.SerializeToUtf8Bytes(request, McpJsonUtilities.DefaultOptions.GetTypeInfo<RequestId>());
}
