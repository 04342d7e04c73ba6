using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using CodeExec.Shared.Tool;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace CodeExec.Cli.Mcp;

/// <summary>One conversation with an MCP server: connect, ask, read the answer as the server wrote it. One caller.</summary>
public sealed class ServerConnection : IAsyncDisposable
{
    private readonly ServerAddress _address;
    private readonly bool _verbose;
    private McpClient? _client;

    private ServerConnection(ServerAddress address, bool verbose) => (_address, _verbose) = (address, verbose);

    /// <summary>Connects and shakes hands.</summary>
    /// <param name="address">Whom to talk to.</param>
    /// <param name="apiKey">The key; null for none.</param>
    /// <param name="verbose">Whether notifications, and what a STDIO server logs, are shown on standard error.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="ServerException">The server can't be reached, or refuses.</exception>
    public static async Task<ServerConnection> OpenAsync(ServerAddress address, string? apiKey, bool verbose, CancellationToken cancel)
    {
        var connection = new ServerConnection(address, verbose);
        try
        {
            var options = new McpClientOptions { ClientInfo = new Implementation { Name = "codeexec", Version = ServerDefinition.Version } };
            connection._client = await McpClient.CreateAsync(connection.Transport(apiKey), options, cancellationToken: cancel);
            if (verbose) connection.ShowNotifications();
            return connection;
        }
        catch (Exception fault) when (connection.Explain(fault, apiKey is not null, cancel) is { } why)
        {
            await connection.DisposeAsync();
            throw new ServerException(why.Message, why.ExitCode, fault);
        }
    }

    /// <summary>Sends one request.</summary>
    /// <param name="method">The protocol's name of the request.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="limit">How long to wait for the answer.</param>
    /// <param name="cancel">Ends the waiting; the server is told.</param>
    /// <returns>The answer's result, nothing added and nothing lost.</returns>
    /// <exception cref="McpProtocolException">The server answered with an error.</exception>
    /// <exception cref="ServerException">The server went away.</exception>
    public async Task<JsonNode?> AskAsync(string method, JsonObject parameters, TimeSpan limit, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        if (_verbose) parameters["_meta"] = new JsonObject { ["progressToken"] = 1 };
        try
        {
            return (await _client!.SendRequestAsync(new JsonRpcRequest { Method = method, Params = parameters }, deadline.Token)).Result;
        }
        catch (Exception fault) when (fault is not McpProtocolException && Explain(fault, true, cancel) is { } why)
        {
            throw new ServerException(why.Message, why.ExitCode, fault);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
    }

    private IClientTransport Transport(string? apiKey)
    {
        if (_address.Url is null)
            return new StdioClientTransport(new StdioClientTransportOptions { Command = StdioServer.Locate(), Arguments = ["stdio"], StandardErrorLines = Hear });
        return new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = _address.Url,
            TransportMode = _address.Transport is ServerTransport.Sse ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp,
            AdditionalHeaders = apiKey is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["Authorization"] = $"Bearer {apiKey}" },
        });
    }

    private void Hear(string line)
    {
        if (_verbose) Console.Error.WriteLine(Terminal.Dim(line));
    }

    private void ShowNotifications()
    {
        foreach (var method in new[] { NotificationMethods.ProgressNotification, NotificationMethods.LoggingMessageNotification })
            _client!.RegisterNotificationHandler(method, (notification, _) =>
            {
                Console.Error.WriteLine(Terminal.Dim($"{notification.Method} {notification.Params?.ToJsonString(JsonText.OneLine)}"));
                return ValueTask.CompletedTask;
            });
    }

    // Null for what is not the server's or the network's doing: our own fault, or the user's Ctrl-C.
    private (string Message, int ExitCode)? Explain(Exception fault, bool sentKey, CancellationToken cancel)
    {
        if (fault is ServerException || cancel.IsCancellationRequested) return null;
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized })
                return ($"{Name} refused the call: {(sentKey ? "the API key in API_KEY is not one of its keys" : "it wants an API key and API_KEY is not set")}. "
                    + "Set it: export API_KEY=$(heroku config:get API_KEY -a $APP_NAME)", ExitCodes.KeyRefused);
            if (cause is HttpRequestException { StatusCode: HttpStatusCode.Forbidden })
                return ($"{Name} refused this host name or origin (403). Without an API_KEY it serves localhost alone.", ExitCodes.Unavailable);
            // Heroku's router answers for an app that has no web dyno (H14), CodeExec while it stops and where it can open no session.
            if (cause is HttpRequestException { StatusCode: HttpStatusCode.ServiceUnavailable })
                return ($"{Name} answered 503: no web process runs there, or it is stopping, or full. {StartIt}", ExitCodes.Unavailable);
            if (cause is HttpRequestException { StatusCode: { } status })
                return ($"{Name} answered {(int)status} ({status}). Is it an MCP server, and is this its path? CodeExec serves /mcp and /sse.", ExitCodes.Unavailable);
        }
        return fault switch
        {
            HttpRequestException or SocketException => ($"{Name} can't be reached: {fault.Message}. {StartIt}", ExitCodes.Unavailable),
            TimeoutException or OperationCanceledException => ($"{Name} did not answer in time. {StartIt}", ExitCodes.Unavailable),
            IOException or McpException => ($"{Name} ended the conversation: {fault.Message}", ExitCodes.Unavailable),
            _ => null,
        };
    }

    private string Name => char.ToUpperInvariant(_address.ToString()[0]) + _address.ToString()[1..];

    private string StartIt => _address.Url switch
    {
        null => "Add --verbose to see what it says.",
        { IsLoopback: true } => "Start it: bin/codeexec serve",
        _ => "Is it running? heroku ps:scale web=1 -a $APP_NAME starts it on Heroku.",
    };
}
