using System.Net.Http.Headers;
using System.Text;
using CodeExec.Shared.Settings;
using CodeExec.Web;
using CodeExec.Web.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Web.Support;

/// <summary>The real web service on a free port of 127.0.0.1, with a runner and a clock that belong to the test.</summary>
internal sealed class TestWeb : IAsyncDisposable
{
    /// <summary>The longest that any wait may take before its test fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A limit for whole tests, in milliseconds.</summary>
    public const int Limit = 60_000;

    private readonly WebApplication _app;
    private Task? _stop;

    private TestWeb(WebApplication app, ScriptedRunner runner, ManualTime time)
    {
        (_app, Runner, Time) = (app, runner, time);
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Address, Timeout = Patience };
    }

    public ScriptedRunner Runner { get; }

    public ManualTime Time { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts a service.</summary>
    /// <param name="options">The settings of HTTP; the port is always a free one.</param>
    /// <param name="load">What the runner says of itself.</param>
    public static async Task<TestWeb> StartAsync(WebOptions? options = null, Func<ServiceLoad>? load = null)
    {
        var (runner, time) = (new ScriptedRunner(), new ManualTime());
        var app = WebHost.Create(new WebParts
        {
            Settings = new ServiceSettings { Web = (options ?? new WebOptions()) with { Port = 0 } },
            Runner = runner,
            Load = load ?? (() => new ServiceLoad { Running = 1, Waiting = 2, Slots = 3 }),
            Mode = "embedded",
            Logs = NullLoggerFactory.Instance,
            Time = time,
        });
        await app.StartAsync();
        return new TestWeb(app, runner, time);
    }

    /// <summary>With the keys <c>alice:key-of-alice</c> and <c>bob:key-of-bob</c>.</summary>
    public static Task<TestWeb> StartWithKeysAsync() =>
        StartAsync(new WebOptions { ApiKeys = [new ApiKey("alice", "key-of-alice"), new ApiKey("bob", "key-of-bob")] });

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
