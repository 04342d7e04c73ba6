using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Web.Mcp;

/// <summary>Answers the requests of one POST: a plain call by itself, all else with an MCP server of its own. Any thread.</summary>
internal sealed class RequestServer(PlainCalls plain, OfferedServer offered, IServiceProvider services, ILoggerFactory logs)
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    /// <summary>Answers them all; returns when the last answer is written, or when nobody waits any more.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="session">Their session; null when there is none.</param>
    /// <param name="caller">Who asks: the name of the key.</param>
    /// <param name="stream">Where the answers go.</param>
    /// <param name="onStart">Told the first message of an MCP server before it is written, or null when none is; a plain call has a handshake, and its status is known.</param>
    /// <param name="gone">Cancelled when nobody waits for an answer any more.</param>
    public async Task AnswerAsync(IReadOnlyList<JsonRpcRequest> requests, string? session, string caller, Stream stream, Func<JsonRpcMessage?, ValueTask>? onStart, CancellationToken gone)
    {
        try
        {
            if (requests is [var call] && plain.ParametersOf(call) is { } parameters) await plain.AnswerAsync(call, parameters, session, caller, stream, gone);
            else await ServeAsync(requests, session, caller, stream, onStart, gone);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException && gone.IsCancellationRequested)
        {
            // The client is gone; its calls are told so by the same token.
        }
    }

    private async Task ServeAsync(IReadOnlyList<JsonRpcRequest> requests, string? session, string caller, Stream stream, Func<JsonRpcMessage?, ValueTask>? onStart, CancellationToken gone)
    {
        await using var transport = new StreamableHttpServerTransport(logs) { Stateless = true };
        await using var server = McpServer.Create(transport, offered.Create(session, caller), logs, services);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var serving = server.RunAsync(end.Token);
        try
        {
            await Task.WhenAll(requests.Select(request => transport.HandlePostRequestAsync(request, stream, onStart, gone)));
        }
        finally
        {
            // The transport's end is the server's, too. By cancellation that would take three exceptions a request.
            end.CancelAfter(EndLimit);
            await transport.DisposeAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
