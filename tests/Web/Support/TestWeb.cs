using System.Net.Http.Headers;
using System.Text;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Web;
using CodeExec.Web.Health;
using Microsoft.AspNetCore.Builder;

namespace CodeExec.Tests.Web.Support;

/// <summary>The real web service on a free port of 127.0.0.1, with a runner and a clock that belong to the test.</summary>
internal sealed class TestWeb : IAsyncDisposable
{
    /// <summary>The longest that any wait may take before its test fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A limit for whole tests, in milliseconds.</summary>
    public const int Limit = 60_000;

    /// <summary>The header that makes a request alice's.</summary>
    public static readonly (string Name, string Value) Alice = ("x-api-key", "key-of-alice");

    /// <summary>The header that makes a request bob's.</summary>
    public static readonly (string Name, string Value) Bob = ("x-api-key", "key-of-bob");

    private static readonly WebOptions TwoKeys = new() { ApiKeys = [new ApiKey("alice", "key-of-alice"), new ApiKey("bob", "key-of-bob")] };

    private readonly WebApplication _app;
    private readonly Func<int> _mcpServers;
    private Task? _stop;

    private TestWeb(WebApplication app, ScriptedRunner runner, ManualTime time, CollectedLogs logs, Func<int> mcpServers)
    {
        (_app, Runner, Time, Logs, _mcpServers) = (app, runner, time, logs, mcpServers);
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Address, Timeout = Patience };
    }

    public ScriptedRunner Runner { get; }

    public ManualTime Time { get; }

    /// <summary>What the service logged, without the lines of libraries.</summary>
    public CollectedLogs Logs { get; }

    /// <summary>How many MCP servers of the SDK it has made.</summary>
    public int McpServers => _mcpServers();

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts a service.</summary>
    /// <param name="options">The settings of HTTP; the port is always a free one.</param>
    /// <param name="load">What the runner says of itself.</param>
    /// <param name="settings">The other settings.</param>
    /// <param name="inner">Runs the jobs in place of <see cref="Runner"/>.</param>
    public static async Task<TestWeb> StartAsync(WebOptions? options = null, Func<ServiceLoad>? load = null, ServiceSettings? settings = null, IJobRunner? inner = null)
    {
        var (runner, time, logs) = (new ScriptedRunner(), new ManualTime(), new CollectedLogs("CodeExec."));
        var mcpServers = 0;
        var app = WebHost.Create(new WebParts
        {
            Settings = (settings ?? new ServiceSettings()) with { Web = (options ?? new WebOptions()) with { Port = 0 } },
            Runner = inner ?? runner,
            Load = load ?? (() => new ServiceLoad { Running = 1, Waiting = 2, Slots = 3 }),
            Mode = "embedded",
            Logs = logs,
            Time = time,
            OfferMore = _ => Interlocked.Increment(ref mcpServers),
        });
        await app.StartAsync();
        return new TestWeb(app, runner, time, logs, () => Volatile.Read(ref mcpServers));
    }

    /// <summary>With the keys <c>alice:key-of-alice</c> and <c>bob:key-of-bob</c>.</summary>
    public static Task<TestWeb> StartWithKeysAsync(Func<WebOptions, WebOptions>? change = null, ServiceSettings? settings = null, IJobRunner? inner = null) =>
        StartAsync(change?.Invoke(TwoKeys) ?? TwoKeys, settings: settings, inner: inner);

    /// <summary>Posts a message; returns when the answer's headers are there.</summary>
    public async Task<Answer> PostAsync(string path, string message, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        return await SendAsync(request, headers);
    }

    /// <summary>Sends a request without a body.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers) =>
        SendAsync(new HttpRequestMessage(method, path), headers);

    /// <summary>Sends a request; a header that is given replaces the usual one.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return new Answer(await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
    }

    /// <summary>Begins to stop the service, as SIGTERM does; the task ends when it has stopped.</summary>
    public Task StopAsync() => _stop ??= _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await (_stop ?? Task.CompletedTask).WaitAsync(Patience);
        await _app.DisposeAsync();
    }
}
