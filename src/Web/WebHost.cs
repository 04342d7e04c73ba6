using System.Net;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Auth;
using CodeExec.Web.Callers;
using CodeExec.Web.Health;
using CodeExec.Web.Lifetime;
using CodeExec.Web.Mcp;
using CodeExec.Web.Resuming;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeExec.Web;

/// <summary>Puts the web process together, in the order in which a request meets its parts.</summary>
public static class WebHost
{
    /// <summary>Makes the application; the caller starts and disposes it.</summary>
    public static WebApplication Create(WebParts parts)
    {
        // Empty: no appsettings.json, no ASPNETCORE_ variables. The settings come from one place alone.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, parts.Settings.Web));
        AddServices(builder.Services, parts);
        var app = builder.Build();
        app.UseMiddleware<ServiceFailures>();
        app.UseRouting();
        app.UseMiddleware<Doorkeeper>();
        app.MapHealth();
        app.MapMcp();
        return app;
    }

    private static void AddServices(IServiceCollection services, WebParts parts)
    {
        services.AddRoutingCore();
        services.AddSingleton(parts.Logs);
        services.AddSingleton(parts.Time);
        services.AddSingleton(parts);
        services.AddSingleton(parts.Settings.Web);
        services.AddSingleton(parts.Settings.Execution);
        services.AddSingleton(parts.Settings.Tool);
        services.AddSingleton(parts.Runner);
        services.AddSingleton<CallGate>();
        services.AddSingleton<RunningCalls>();
        if (parts.Settings.Tool.JobTools) AddJobTools(services, parts);
        services.AddSingleton<CodeExecTool>();
        services.AddSingleton<OriginCheck>();
        services.AddSingleton(new ApiKeys(parts.Settings.Web.ApiKeys));
        services.AddSingleton<ApiKeyCheck>();
        services.AddSingleton<CallerShares>();
        services.AddSingleton<RequestMemory>();
        services.AddSingleton<SessionIds>();
        services.AddSingleton(new SessionLogLevels());
        services.AddSingleton<SseSessions>();
        services.AddSingleton<PeerMail>();
        services.AddSingleton<OfferedServer>();
        services.AddSingleton<PlainCalls>();
        services.AddSingleton<RequestServer>();
        services.AddSingleton<KeptAnswers>();
        services.AddSingleton<PeerAnswers>();
        services.AddSingleton<AnswerReader>();
        services.AddSingleton<ResumableCalls>();
        services.AddSingleton<ResumeEndpoint>();
        services.AddSingleton<StreamableHttpEndpoint>();
        services.AddSingleton<SseEndpoint>();
        services.AddHostedService<OrderlyStop>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = OrderlyStop.Limit(parts.Settings.Execution));
    }

    private static void AddJobTools(IServiceCollection services, WebParts parts)
    {
        var keep = parts.Settings.Queue.ResultTtl;
        services.AddSingleton(provider => parts.BackgroundJobs ?? ActivatorUtilities.CreateInstance<LocalBackgroundJobs>(provider, keep));
        services.AddSingleton(provider => new JobTools(provider.GetRequiredService<IBackgroundJobs>(), provider.GetRequiredService<CallGate>(), keep));
    }

    private static void Listen(KestrelServerOptions kestrel, WebOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 100;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        // Longer than the 90 s that Heroku's router keeps an idle connection, so that it never sends into one that we just closed.
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(120);
        // Who sends or reads slower than this for so long is gone or means harm; silence on an event stream doesn't count.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
        if (options.Host == "localhost" && options.Port != 0) kestrel.ListenLocalhost(options.Port, Http1);
        // Of "localhost" with any free port there is one address alone: two might get two ports.
        else kestrel.Listen(options.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(options.Host), options.Port, Http1);
    }

    private static void Http1(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;
}
