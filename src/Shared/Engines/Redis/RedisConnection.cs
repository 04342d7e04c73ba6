using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// This process's two connections to Redis (commands, and subscriptions), which reconnect for ever. Any thread. Only API that newer
/// versions of the client library kept is used. One thing they changed: a subscription's messages come one at a time, in order, only
/// through ChannelMessageQueue.OnMessage there (StackExchange.Redis, "Pub/Sub Message Order").
/// </summary>
public sealed partial class RedisConnection : IAsyncDisposable
{
    // A disk that can't be written, a failover, a script that runs too long, a start: Redis is there, and all is well again some time later.
    private static readonly string[] PassingErrors = ["MISCONF", "READONLY", "MASTERDOWN", "NOREPLICAS", "LOADING", "BUSY ", "TRYAGAIN", "CLUSTERDOWN"];

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly ConnectionMultiplexer _multiplexer;
    private readonly QueueOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RedisCondition _condition;
    private readonly CancellationTokenSource _closed = new();

    private RedisConnection(ConnectionMultiplexer multiplexer, RedisAddress address, QueueOptions options, TimeProvider time, ILogger log)
    {
        _multiplexer = multiplexer;
        _options = options;
        _time = time;
        _log = log;
        _condition = new RedisCondition(address, time, log);
        Address = address;
        // Each is told for both connections; the log has one line for each that changes.
        _multiplexer.ConnectionFailed += (_, change) => LogLost(Address, change.ConnectionType, change.FailureType);
        _multiplexer.ConnectionRestored += (_, change) =>
        {
            LogRestored(Address, change.ConnectionType);
            Restored();
        };
    }

    /// <summary>Where Redis is.</summary>
    public RedisAddress Address { get; }

    /// <summary>Whether commands can be sent now, and the last was answered in time.</summary>
    public bool IsConnected => _multiplexer.IsConnected && !IsSilent;

    /// <summary>Whether the last command was not answered in time.</summary>
    internal bool IsSilent => _condition.IsSilent;

    /// <summary>Cancelled when it is disposed.</summary>
    internal CancellationToken Closed => _closed.Token;

    /// <summary>Called when a connection is back: messages may have been missed. On some thread of the client library; must not block.</summary>
    internal Action Restored { get; set; } = () => { };

    /// <summary>Connects, or begins to try. Says in the log what is wrong.</summary>
    /// <exception cref="RedisRefusedException">Redis can't be used as it is set up.</exception>
    public static async Task<RedisConnection> OpenAsync(QueueOptions options, ILoggerFactory logs, TimeProvider time, CancellationToken cancel)
    {
        if (RedisAddress.TryParse(options.RedisUrl ?? "", out var address) is { } fault) throw new RedisRefusedException(fault);
        var log = logs.CreateLogger<RedisConnection>();
        foreach (var concern in await RedisBootCheck.LookAsync(address!, options, cancel)) LogConcern(log, concern);

        var configuration = new ConfigurationOptions
        {
            EndPoints = { { address!.Host, address.Port } },
            Password = address.Password,
            Ssl = address.Tls,
            SslHost = address.Tls ? address.Host : null,
            AbortOnConnectFail = false,
            ConnectTimeout = (int)options.CommandTimeout.TotalMilliseconds,
            SyncTimeout = (int)options.CommandTimeout.TotalMilliseconds,
            // Heroku drops connections that were idle for 300 s.
            KeepAlive = 60,
            ClientName = "codeexec",
        };
        if (address.Tls) configuration.CertificateValidation += (_, _, _, faults) => RedisBootCheck.Accepts(faults, options);
        var multiplexer = await ConnectionMultiplexer.ConnectAsync(configuration);
        return new RedisConnection(multiplexer, address, options, time, log);
    }

    /// <summary>Runs a script.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time, or Redis is full.</exception>
    internal async Task<RedisResult> RunAsync(RedisScript script, IReadOnlyList<string> keys, params RedisValue[] arguments)
    {
        try
        {
            // Not as a plain command: the library can't know what one of those does, and sends a SELECT before the next.
            return await AnswerAsync(database => database.ScriptEvaluateAsync(script.Hash, [.. keys.Select(key => (RedisKey)key)], arguments));
        }
        catch (RedisServerException fault) when (fault.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // The first use, or Redis was restarted.
            return await RunWholeAsync(script, keys, arguments);
        }
    }

    /// <summary>
    /// Runs a script that is sent whole: what was asked happens even when Redis answers too late to be heard, whether it knew the script or not.
    /// </summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    internal Task<RedisResult> RunWholeAsync(RedisScript script, IReadOnlyList<string> keys, params RedisValue[] arguments) =>
        CommandAsync("EVAL", [script.Text, keys.Count, .. keys.Select(key => (RedisKey)key), .. arguments.Select(argument => (object)argument)]);

    /// <summary>Runs a command.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time, or Redis is full.</exception>
    internal Task<RedisResult> CommandAsync(string command, params object[] arguments) => AnswerAsync(database => database.ExecuteAsync(command, arguments));

    private async Task<RedisResult> AnswerAsync(Func<IDatabase, Task<RedisResult>> ask)
    {
        try
        {
            // The library's own time limit doesn't hold for asynchronous commands.
            var answer = await ask(_multiplexer.GetDatabase()).WaitAsync(_options.CommandTimeout);
            _condition.Answered();
            return answer;
        }
        catch (RedisServerException fault)
        {
            _condition.Answered();
            var isFull = fault.Message.Contains("OOM ", StringComparison.Ordinal);
            if (!isFull && !Array.Exists(PassingErrors, code => fault.Message.Contains(code, StringComparison.Ordinal))) throw;
            var what = isFull ? $"Redis at {Address} holds as much as it may (maxmemory)." : $"Redis at {Address} takes no commands now: {fault.Message}.";
            _condition.Refused(what);
            throw new RedisUnavailableException(what, isFull ? RedisFault.Full : RedisFault.NotDone, fault);
        }
        catch (RedisConnectionException fault) when (fault.FailureType is ConnectionFailureType.UnableToResolvePhysicalConnection)
        {
            var what = $"Redis at {Address} can't be reached.";
            _condition.Refused(what);
            throw new RedisUnavailableException(what, RedisFault.NotDone, fault);
        }
        catch (TimeoutException fault)
        {
            var what = $"Redis at {Address} did not answer within {_options.CommandTimeout.TotalSeconds:0.#} s (REDIS_TIMEOUT_SECONDS).";
            if (_condition.Silent(what)) _ = AskUntilAnsweredAsync();
            throw new RedisUnavailableException(what, RedisFault.Unanswered, fault);
        }
        catch (Exception fault) when (fault is RedisConnectionException or ObjectDisposedException)
        {
            throw new RedisUnavailableException($"The connection to Redis at {Address} broke before the answer came.", RedisFault.Unanswered, fault);
        }
    }

    // It may have been this process that stood still: then calls are refused for no longer than this takes.
    private async Task AskUntilAnsweredAsync()
    {
        while (IsSilent && !Closed.IsCancellationRequested)
        {
            try
            {
                await CommandAsync("PING");
            }
            catch (RedisUnavailableException)
            {
                await Task.Delay(AskAgainAfter, _time, Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Sends a message without waiting; it may get lost.</summary>
    internal void Publish(string channel, byte[] message)
    {
        try
        {
            _multiplexer.GetSubscriber().Publish(channel, message, CommandFlags.FireAndForget);
        }
        catch (Exception fault) when (fault is RedisConnectionException or TimeoutException or ObjectDisposedException)
        {
            LogNotPublished(channel, fault.Message);
        }
    }

    /// <summary>Deletes a key without waiting; that may get lost.</summary>
    internal void Forget(string key)
    {
        try
        {
            _multiplexer.GetDatabase().KeyDelete(key, CommandFlags.FireAndForget);
        }
        catch (Exception fault) when (fault is RedisConnectionException or TimeoutException or ObjectDisposedException)
        {
            LogNotDeleted(key, fault.Message);
        }
    }

    /// <summary>Listens on a channel until the connection is disposed, through reconnects. Messages come one at a time, in order.</summary>
    internal async Task SubscribeAsync(string channel, Action<byte[]> received)
    {
        try
        {
            await _multiplexer.GetSubscriber().SubscribeAsync(channel, (_, message) => received((byte[])message!)).WaitAsync(_options.CommandTimeout);
        }
        catch (Exception fault) when (fault is TimeoutException or RedisConnectionException)
        {
            // The library keeps the subscription and makes it as soon as it is connected.
            LogNotSubscribed(channel, Address);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        await _multiplexer.CloseAsync(allowCommandsToComplete: true).WaitAsync(_options.CommandTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _multiplexer.Dispose();
    }

    [LoggerMessage(500, LogLevel.Warning, "{Concern}")]
    private static partial void LogConcern(ILogger log, string concern);

    [LoggerMessage(501, LogLevel.Warning, "Redis at {Address}: {Connection} connection lost ({Failure}); reconnecting until it is back")]
    private partial void LogLost(RedisAddress address, ConnectionType connection, ConnectionFailureType failure);

    [LoggerMessage(502, LogLevel.Information, "Redis at {Address}: {Connection} connection is back")]
    private partial void LogRestored(RedisAddress address, ConnectionType connection);

    [LoggerMessage(503, LogLevel.Debug, "A message on {Channel} could not be sent: {Reason}")]
    private partial void LogNotPublished(string channel, string reason);

    [LoggerMessage(506, LogLevel.Debug, "{Key} could not be deleted: {Reason}")]
    private partial void LogNotDeleted(string key, string reason);

    [LoggerMessage(504, LogLevel.Warning, "Listening on {Channel} begins when Redis at {Address} can be reached")]
    private partial void LogNotSubscribed(string channel, RedisAddress address);
}
