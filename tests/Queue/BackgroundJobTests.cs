using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Code in the background over Redis: it belongs to no web process.</summary>
public sealed class BackgroundJobTests
{
    [Fact(Timeout = 120_000)]
    public async Task Any_web_process_answers_for_a_job_also_when_the_one_that_started_it_is_gone()
    {
        await using var service = await StartAsync();
        var other = await service.AddWebAsync();
        await service.AddWorkerAsync();
        var id = await BeginAsync(service, service.Webs[0], service.Ledger.Waiting("run"));
        await UntilAsync(service, other, id, "running");
        await Eventually.HoldsAsync(() => service.Ledger.Names().Any(), "a run");
        await service.Webs[0].Program.SignalAsync("KILL");
        // What workers take for a web process that waits: far longer than a real one's, so that the job isn't ended with its sender.
        var life = await service.Redis.CommandAsync("PTTL", $"codeexec:web:{id}");
        Assert.True(int.Parse(life[1..], System.Globalization.CultureInfo.InvariantCulture) > 120_000, life);

        var waiting = AskAsync(service, other, "job_result", id, 40);
        service.Ledger.OpenGate();
        var result = (await waiting)["structuredContent"]!;
        Assert.Equal(("ok", "started run\nended run"), ((string)result["status"]!, (string)result["stdout"]!));
        Assert.Equal("ok", Status(await AskAsync(service, other, "job_status", id)));
        Assert.Equal(["run"], service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_is_cancelled_while_it_runs_and_while_it_waits()
    {
        await using var service = await StartAsync();
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        var running = await BeginAsync(service, service.Webs[0], service.Ledger.Waiting("running"));
        await UntilAsync(service, service.Webs[0], running, "running");
        var waiting = await BeginAsync(service, service.Webs[0], service.Ledger.Short("waiting"));
        Assert.Equal("queued", Status(await AskAsync(service, service.Webs[0], "job_status", waiting)));

        Assert.Equal("cancelled", Status(await AskAsync(service, service.Webs[0], "job_cancel", waiting)));
        await Eventually.HoldsAsync(() => service.Ledger.Names().Any(), "a run");
        Assert.Equal("cancelled", Status(await AskAsync(service, service.Webs[0], "job_cancel", running)));
        await service.Ledger.EndedAsync("running");
        Assert.Equal("started running", (string)(await AskAsync(service, service.Webs[0], "job_result", running))["structuredContent"]!["stdout"]!);
        Assert.Equal(["running"], service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_belongs_to_the_key_that_started_it_and_its_result_expires()
    {
        await using var service = await QueueService.StartAsync();
        service.Settings = service.Settings.With("JOB_TOOLS", "true").With("RESULT_TTL_SECONDS", "10").With("API_KEY", "alice:key-of-alice,bob:key-of-bob");
        await service.AddWebAsync();
        await service.AddWorkerAsync();
        var id = await BeginAsync(service, service.Webs[0], "print(6*7)", "key-of-alice");
        Assert.Equal("42", (string)(await AskAsync(service, service.Webs[0], "job_result", id, 40, "key-of-alice"))["structuredContent"]!["stdout"]!);
        foreach (var tool in new[] { "job_status", "job_result", "job_cancel" })
            Assert.StartsWith("There is no job", Text(await AskAsync(service, service.Webs[0], tool, id, 0, "key-of-bob")), StringComparison.Ordinal);
        // Its keys go by themselves; nobody waits ten seconds for that here.
        var left = await service.Redis.CommandAsync("PTTL", $"codeexec:result:{id}");
        Assert.InRange(int.Parse(left[1..], System.Globalization.CultureInfo.InvariantCulture), 1, 10_000);
        await service.Redis.CommandAsync("DEL", $"codeexec:result:{id}");
        Assert.Contains("kept for 10 s", Text(await AskAsync(service, service.Webs[0], "job_result", id, 0, "key-of-alice")), StringComparison.Ordinal);
    }

    private static async Task<QueueService> StartAsync()
    {
        var service = await QueueService.StartAsync();
        service.Settings = service.Settings.With("JOB_TOOLS", "true");
        await service.AddWebAsync();
        return service;
    }

    private static async Task<string> BeginAsync(QueueService service, WebServer web, string code, string? key = null) =>
        (string)(await CallAsync(service, web, "code_exec_python", new JsonObject { ["code"] = code, ["background"] = true }, key))["structuredContent"]!["job_id"]!;

    private static Task<JsonNode> AskAsync(QueueService service, WebServer web, string tool, string id, int wait = 0, string? key = null)
    {
        var arguments = new JsonObject { ["job_id"] = id };
        if (wait > 0) arguments["wait_seconds"] = wait;
        return CallAsync(service, web, tool, arguments, key);
    }

    private static async Task<JsonNode> CallAsync(QueueService service, WebServer web, string tool, JsonObject arguments, string? key)
    {
        using var response = await ToolCall.PostAsync(service.Client, web.Url, Messages.Request(1, "tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }), key: key);
        using var events = new EventReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        return JsonNode.Parse((await events.NextEventAsync()).Data)!["result"]!;
    }

    private static Task UntilAsync(QueueService service, WebServer web, string id, string status) =>
        Eventually.HoldsAsync(async () => Status(await AskAsync(service, web, "job_status", id)) == status, $"a job that is {status}");

    private static string? Status(JsonNode result) => (string?)result["structuredContent"]?["status"];

    private static string Text(JsonNode result) => (string)result["content"]![0]!["text"]!;
}
