using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;
using TestFolder = CodeExec.Tests.EndToEnd.TestFolder;

namespace CodeExec.Tests.Queue;

/// <summary>A whole service: a redis-server, and the Procfile's web and worker processes that share it. All of it ends with the test.</summary>
internal sealed class QueueService : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<IAsyncDisposable> _processes = [];

    private QueueService(RedisServer redis, string? url)
    {
        Redis = redis;
        Settings = _folder.Settings.With("REDIS_URL", url ?? redis.Url).With("EXEC_TIMEOUT_SECONDS", "120").With("WORKER_CONCURRENCY", "4").With("KEEPALIVE_SECONDS", "5");
        Ledger = new RunLedger(_folder.Path);
    }

    public RedisServer Redis { get; }

    /// <summary>What its processes are started with, unless a test says otherwise.</summary>
    public ProgramSettings Settings { get; set; }

    /// <summary>Where the code under test says that it ran.</summary>
    public RunLedger Ledger { get; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(45) };

    /// <summary>The web processes, in the order they were started.</summary>
    public List<WebServer> Webs { get; } = [];

    /// <summary>Starts a redis-server alone; processes are added.</summary>
    /// <param name="redis">The server, which then belongs to the service; null for a new one.</param>
    /// <param name="url">How its processes reach it, when that isn't its plain address.</param>
    public static async Task<QueueService> StartAsync(RedisServer? redis = null, string? url = null) => new(redis ?? await RedisServer.StartAsync(), url);

    /// <summary>One web process, and so many workers.</summary>
    public static async Task<QueueService> StartAsync(int workers)
    {
        var service = await StartAsync();
        await service.AddWebAsync();
        for (var i = 0; i < workers; i++) await service.AddWorkerAsync();
        return service;
    }

    public async Task<WebServer> AddWebAsync(Func<ProgramSettings, ProgramSettings>? change = null)
    {
        var web = await WebServer.StartAsync(change?.Invoke(Settings) ?? Settings);
        _processes.Add(web);
        Webs.Add(web);
        return web;
    }

    /// <summary>Returns at once: a worker takes jobs when it is ready.</summary>
    public async Task<RunningProgram> AddWorkerAsync(Func<ProgramSettings, ProgramSettings>? change = null)
    {
        await Checkout.BuiltAsync();
        var worker = RunningProgram.StartShell(Checkout.ProcfileLine("worker"), change?.Invoke(Settings) ?? Settings);
        _processes.Add(worker);
        return worker;
    }

    /// <summary>Calls the tool, on the first web process unless another is named.</summary>
    public Task<ToolCall> CallAsync(string code, WebServer? web = null, string? package = null) =>
        ToolCall.StartAsync(Client, (web ?? Webs[0]).Url, code, package);

    /// <summary>A new call that must work, as proof that the service is well.</summary>
    public async Task AnswersAsync(WebServer? web = null)
    {
        using var call = await CallAsync("print(6*7)", web);
        var answer = await call.AnswerAsync();
        Assert.True(answer.Status == "ok" && answer.Stdout == "42", $"{answer}\n{Transcript}");
    }

    /// <summary>Waits until the queue takes a call again; until then each must be refused with the reason.</summary>
    public Task RecoversAsync() => Eventually.HoldsAsync(
        async () =>
        {
            using var call = await CallAsync("print(6*7)");
            var answer = await call.AnswerAsync();
            if (answer.IsError) Assert.Contains("The service's queue can't be reached at the moment", answer.Text, StringComparison.Ordinal);
            else Assert.Equal("42", answer.Stdout);
            return !answer.IsError;
        },
        "a call that works");

    /// <summary>What all processes have said, for the message of a failing test.</summary>
    public string Transcript => string.Join("\n\n", _processes.Select(process => process is WebServer web ? web.Transcript : ((RunningProgram)process).Transcript));

    public async ValueTask DisposeAsync()
    {
        // Code whose worker was killed would wait on.
        Ledger.OpenGate();
        Client.Dispose();
        foreach (var process in _processes) await process.DisposeAsync();
        await Redis.DisposeAsync();
        Ledger.Dispose();
        _folder.Dispose();
    }
}
