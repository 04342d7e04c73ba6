using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;
using CodeExec.Web;
using CodeExec.Web.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Conformance;

/// <summary>
/// The product's endpoints, on a free port of localhost, in front of what the conformance suite's scenarios ask a server for. Started once
/// for all of its tests.
/// </summary>
public sealed class FixtureServer : IAsyncLifetime
{
    private readonly WebApplication _app = WebHost.Create(new WebParts
    {
        // By name: the suite's check of DNS rebinding insists on it.
        Settings = new ServiceSettings { Web = new WebOptions { Host = "localhost", Port = 0 } },
        Runner = new ScriptedRunner { Prints = "4" },
        Load = () => new ServiceLoad { Running = 0, Waiting = 0, Slots = 1 },
        Mode = "embedded",
        Logs = NullLoggerFactory.Instance,
        OfferMore = Offer,
    });

    /// <summary>Where Streamable HTTP is.</summary>
    public string Url => $"http://localhost:{new Uri(_app.Urls.Single()).Port}/mcp";

    public Task InitializeAsync() => _app.StartAsync();

    public async Task DisposeAsync()
    {
        await _app.StopAsync().WaitAsync(TestWeb.Patience);
        await _app.DisposeAsync();
    }

    private static void Offer(McpServerOptions options)
    {
        options.Capabilities!.Prompts = new PromptsCapability();
        options.Capabilities.Resources = new ResourcesCapability { Subscribe = true };
        options.Capabilities.Completions = new CompletionsCapability();
        FixtureTools.AddTo(options.Handlers);
        FixturePrompts.AddTo(options.Handlers);
        FixtureResources.AddTo(options.Handlers);
    }
}
