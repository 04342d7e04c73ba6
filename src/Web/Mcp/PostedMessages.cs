using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>What the body of one POST holds: a JSON-RPC message, or a batch of them. Immutable.</summary>
/// <param name="Messages">At least one.</param>
/// <param name="IsBatch">Whether they came as an array.</param>
internal sealed record PostedMessages(IReadOnlyList<JsonRpcMessage> Messages, bool IsBatch)
{
    /// <summary>Most messages in a batch; each request among them may run a job.</summary>
    public const int MostInBatch = 100;

    /// <summary>The only request of the body, whose id errors repeat; null for a batch, a notification or a response.</summary>
    public RequestId? Id => IsBatch ? null : (Messages[0] as JsonRpcRequest)?.Id;

    /// <summary>The messages that want an answer.</summary>
    public IReadOnlyList<JsonRpcRequest> Requests => [.. Messages.OfType<JsonRpcRequest>()];

    /// <summary>Reads and checks a body.</summary>
    /// <param name="request">The POST.</param>
    /// <param name="limit">Most bytes of body.</param>
    /// <returns>Either the messages or why they can't be used.</returns>
    public static async Task<(PostedMessages? Posted, Refusal? Refusal)> ReadAsync(HttpRequest request, long limit)
    {
        if (!request.HasJsonContentType())
            return (null, new Refusal(StatusCodes.Status415UnsupportedMediaType, Refusal.RequestRefused,
                $"Content-Type is \"{request.ContentType ?? "missing"}\"; send the message as application/json."));
        // Kestrel's own limit would cut the connection while the client still sends, so that it never reads why. Without one, Kestrel
        // reads on for some seconds after the answer, and the bytes are counted here.
        request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (request.ContentLength > limit) return (null, TooLong($"{request.ContentLength} bytes", limit));
        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        var block = new byte[16 * 1024];
        while (await request.Body.ReadAsync(block, request.HttpContext.RequestAborted) is > 0 and var read)
        {
            if (body.Length + read > limit) return (null, TooLong($"more than {limit} bytes", limit));
            body.Write(block, 0, read);
        }
        return Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
    }

    private static (PostedMessages?, Refusal?) Parse(ReadOnlyMemory<byte> body)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException fault)
        {
            return (null, new Refusal(StatusCodes.Status400BadRequest, (int)McpErrorCode.ParseError,
                $"The body is not JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}). Send one JSON-RPC message, encoded as UTF-8."));
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Array) return ParseBatch(root);
            var (message, refusal) = MessageShape.Read(root);
            return message is null ? (null, refusal) : (new PostedMessages([message], IsBatch: false), null);
        }
    }

    private static (PostedMessages?, Refusal?) ParseBatch(JsonElement array)
    {
        if (array.GetArrayLength() is 0 or > MostInBatch)
            return (null, MessageShape.Wrong($"The batch has {array.GetArrayLength()} messages; it may have 1 to {MostInBatch}. Send the rest in further requests."));
        var messages = new List<JsonRpcMessage>();
        var ids = new HashSet<RequestId>();
        foreach (var element in array.EnumerateArray())
        {
            var (message, refusal) = MessageShape.Read(element);
            if (message is null) return (null, refusal);
            if (message is JsonRpcRequest request && !ids.Add(request.Id))
                return (null, MessageShape.Wrong($"The batch has two requests with id {request.Id}, so their answers couldn't be told apart. Give each its own id."));
            if (message is JsonRpcRequest { Method: RequestMethods.Initialize })
                return (null, MessageShape.Wrong("initialize can't be part of a batch. Send it alone, first."));
            messages.Add(message);
        }
        return (new PostedMessages(messages, IsBatch: true), null);
    }

    private static Refusal TooLong(string size, long limit) => new(StatusCodes.Status413PayloadTooLarge, (int)McpErrorCode.InvalidRequest,
        $"The request's body has {size}; the limit is {limit} (MAX_REQUEST_BYTES). Send less: let the code fetch or make its data instead of holding it.");
}
