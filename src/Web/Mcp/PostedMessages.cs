using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using CodeExec.Web.Callers;
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

    // 8 MB at the 70 KB/s of a poor line.
    private static readonly TimeSpan BodyTime = TimeSpan.FromSeconds(120);

    // Of two members with one name, this process and whatever stands before it could each take another.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The only request of the body, whose id errors repeat; null for a batch, a notification or a response.</summary>
    public RequestId? Id => IsBatch ? null : (Messages[0] as JsonRpcRequest)?.Id;

    /// <summary>The messages that want an answer.</summary>
    public IReadOnlyList<JsonRpcRequest> Requests => [.. Messages.OfType<JsonRpcRequest>()];

    /// <summary>Reads and checks a body.</summary>
    /// <param name="request">The POST.</param>
    /// <param name="limit">Most bytes of body.</param>
    /// <param name="held">What the request may hold of this process's memory; it grows as the body comes.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Either the messages or why they can't be used.</returns>
    public static async Task<(PostedMessages? Posted, Refusal? Refusal)> ReadAsync(HttpRequest request, long limit, RequestMemory.Part held, TimeProvider time)
    {
        if (!request.HasJsonContentType())
            return (null, new Refusal(StatusCodes.Status415UnsupportedMediaType, Refusal.RequestRefused,
                $"Content-Type is \"{request.ContentType ?? "missing"}\"; send the message as application/json."));
        // Kestrel's own limit would cut the connection while the client still sends, so that it never reads why. Without one, Kestrel
        // reads on for some seconds after the answer, and the bytes are counted here.
        request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (request.ContentLength > limit) return (null, TooLong($"{request.ContentLength} bytes", limit));
        // Grows with what has come: a length is easily declared and then never sent.
        using var body = new MemoryStream();
        using var tooLate = new CancellationTokenSource(BodyTime, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, request.HttpContext.RequestAborted);
        var block = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            while (await request.Body.ReadAsync(block, end.Token) is > 0 and var read)
            {
                if (body.Length + read > limit) return (null, TooLong($"more than {limit} bytes", limit));
                if (!held.Grow(read)) return (null, held.Refusal);
                body.Write(block, 0, read);
            }
        }
        catch (OperationCanceledException) when (tooLate.IsCancellationRequested && !request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return (null, new Refusal(StatusCodes.Status408RequestTimeout, Refusal.RequestRefused,
                $"Of the request's body {body.Length} bytes came within {BodyTime.TotalSeconds:0} s, which is the limit, and then it was not at its end. Send it again, faster or shorter."));
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            // Kestrel's word for a chunk with a size beyond all numbers.
            return (null, new Refusal(StatusCodes.Status400BadRequest, Refusal.RequestRefused, "The request's body is not framed as HTTP frames it. Send it again."));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
        return Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
    }

    private static (PostedMessages?, Refusal?) Parse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span))
            return (null, new Refusal(StatusCodes.Status400BadRequest, (int)McpErrorCode.ParseError, "The body holds bytes that are not UTF-8. Send one JSON-RPC message, encoded as UTF-8."));
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Strict);
        }
        catch (JsonException fault)
        {
            var place = fault.LineNumber is null ? "" : $" (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1})";
            return (null, new Refusal(StatusCodes.Status400BadRequest, (int)McpErrorCode.ParseError,
                $"The body is not JSON, names a member twice in one object, or is nested deeper than 64 levels{place}. Send one JSON-RPC message, encoded as UTF-8."));
        }
        catch (InvalidOperationException)
        {
            // It compares names, and reads them for that.
            return (null, MessageShape.Unreadable);
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
