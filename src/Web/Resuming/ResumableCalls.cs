using System.Globalization;
using System.Text;
using CodeExec.Shared.Settings;
using CodeExec.Web.Callers;
using CodeExec.Web.Mcp;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Resuming;

/// <summary>
/// Calls that outlive their connection: the answer goes into a <see cref="KeptAnswer"/>, and the client's stream is one reader of it. Only for
/// clients that know how to come back (docs/decisions/0015-resuming.md); for all others a closed connection ends the call. Any thread.
/// </summary>
internal sealed partial class ResumableCalls(WebOptions options, RequestServer server, KeptAnswers answers, AnswerReader reader, PeerAnswers peers, ILogger<ResumableCalls> log)
{
    // How long a client shall wait before it comes back. SDKs try twice to five times, so this bounds how long an outage they bridge.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>Whether a POST holds a call whose client can come back.</summary>
    public bool Takes(HttpRequest request, PostedMessages posted, string? session) =>
        options.ResumeTime > TimeSpan.Zero && session is not null && request.Headers[McpHeaders.ProtocolVersion] == ProtocolVersions.WithResuming
        && posted is { IsBatch: false, Messages: [JsonRpcRequest { Method: RequestMethods.ToolsCall } call] } && EventId.Fits(call.Id);

    /// <summary>Why such a call of a caller isn't served now; null when it is.</summary>
    public Refusal? RefusalOf(string caller) => answers.RefusalOf(caller);

    /// <summary>Answers such a call as long as its client is there; the call goes on when it isn't.</summary>
    /// <param name="call">The call.</param>
    /// <param name="session">Its session.</param>
    /// <param name="caller">Who calls: the name of the key.</param>
    /// <param name="held">The memory of its request, which is held until it is answered.</param>
    /// <param name="stream">The client's stream.</param>
    /// <param name="gone">Cancelled when the client's connection is.</param>
    public async Task AnswerAsync(JsonRpcRequest call, string session, string caller, RequestMemory.Part held, StreamKeepalive stream, CancellationToken gone)
    {
        var answer = answers.Open(session, caller);
        var begin = new EventId(peers.Name, answer.Id, call.Id, 0);
        using var presence = answer.Attend();
        _ = RunAsync(call, caller, held.Move(), answer);
        // Without data: it is there to tell the client what to come back with, however early the connection breaks.
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {begin}\nretry: {Retry.TotalMilliseconds:0}\ndata: \n\n")), gone);
        await stream.FlushAsync(gone);
        await reader.SendAsync(session, begin, stream, gone);
    }

    // Never throws.
    private async Task RunAsync(JsonRpcRequest call, string caller, RequestMemory.Part held, KeptAnswer answer)
    {
        using var request = held;
        try
        {
            await using var events = new AnswerStream(answer, peers.Name, call.Id);
            await server.AnswerAsync([call], answer.Session, caller, events, null, answer.Abandoned);
        }
        catch (Exception fault)
        {
            LogFailed(fault, answer.Id);
        }
        finally
        {
            answers.Close(answer);
        }
    }

    [LoggerMessage(250, LogLevel.Error, "The answer {Answer} broke off; its client is left without a result")]
    private partial void LogFailed(Exception fault, string answer);
}
