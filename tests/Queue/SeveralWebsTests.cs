using System.Net;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Several web processes behind a router without affinity: calls, cancels and sessions work whichever process they land on.</summary>
public sealed class SeveralWebsTests
{
    [Fact(Timeout = 120_000)]
    public async Task Both_transports_work_behind_a_router_without_affinity()
    {
        await using var service = await QueueService.StartAsync(workers: 2);
        await service.AddWebAsync();
        await service.AddWebAsync();
        await using var router = new AlternatingRouter([.. service.Webs.Select(web => web.Url.Port)]);
        using var client = AlternatingRouter.CreateClient();

        using var hello = await ToolCall.PostAsync(client, router.Url, Messages.Initialize());
        var session = hello.Headers.GetValues("Mcp-Session-Id").Single();
        for (var i = 0; i < 6; i++)
        {
            using var call = await ToolCall.StartAsync(client, router.Url, $"print({i})", id: i, session: session);
            Assert.Equal($"{i}", (await call.AnswerAsync()).Stdout);
        }
        using var sse = await SseConnection.OpenAsync(client, router.Url);
        using var greeting = await sse.PostAsync(router.Url, Messages.Initialize(id: 100));
        await sse.Stream.HasAsync("\"id\":100,");
        for (var i = 101; i < 107; i++)
        {
            using var posted = await sse.PostAsync(router.Url, Messages.Call(i, $"print({i})"));
            Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
            Assert.Equal($"{i}", (await sse.AnswerAsync(i)).Stdout);
        }
        Assert.True(router.Used.Count(count => count >= 4) == 3, $"Every process was used: {string.Join(", ", router.Used)}");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_cancel_over_streamable_http_ends_the_python_whichever_process_it_lands_on()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        var other = await service.AddWebAsync();
        using var hello = await ToolCall.PostAsync(service.Client, other.Url, Messages.Initialize());
        var session = hello.Headers.GetValues("Mcp-Session-Id").Single();
        var landings = new[] { service.Webs[0], other };
        for (var i = 0; i < landings.Length; i++)
        {
            using var call = await ToolCall.StartAsync(service.Client, service.Webs[0].Url, service.Ledger.Waiting($"run{i}"), id: 7 + i, session: session);
            await call.PrintedAsync($"started run{i}");
            using var cancel = await ToolCall.PostAsync(service.Client, landings[i].Url, Messages.Cancelled(7 + i), session);
            var answer = await call.AnswerAsync();
            Assert.Equal(("cancelled", $"started run{i}"), (answer.Status, answer.Stdout));
            Assert.False(service.Ledger.IsRunning($"run{i}"));
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_cancel_over_sse_ends_the_python_whichever_process_it_lands_on()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        await service.AddWebAsync();
        using var sse = await SseConnection.OpenAsync(service.Client, service.Webs[0].Url);
        using var hello = await sse.PostAsync(service.Webs[1].Url, Messages.Initialize());
        for (var i = 0; i < 2; i++)
        {
            using var posted = await sse.PostAsync(service.Webs[1 - i].Url, Messages.Call(10 + i, service.Ledger.Waiting($"run{i}"), progressToken: "p"));
            await sse.Stream.HasAsync($"started run{i}");
            using var cancel = await sse.PostAsync(service.Webs[i].Url, Messages.Cancelled(10 + i));
            await service.Ledger.EndedAsync($"run{i}");
        }
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 0, "a queue without the calls");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_client_that_hangs_up_ends_its_python_on_either_transport()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "2"));
        var call = await service.CallAsync(service.Ledger.Waiting("streamable"));
        var sse = await SseConnection.OpenAsync(service.Client, service.Webs[0].Url);
        using var hello = await sse.PostAsync(service.Webs[0].Url, Messages.Initialize());
        using var posted = await sse.PostAsync(service.Webs[0].Url, Messages.Call(2, service.Ledger.Waiting("sse"), progressToken: "p"));
        await call.PrintedAsync("started streamable");
        await sse.Stream.HasAsync("started sse");
        var queued = await service.CallAsync(service.Ledger.Short("queued"));
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 3, "a queue that holds all");

        queued.Dispose();
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue without the one that waited");
        call.Dispose();
        sse.Dispose();

        await service.Ledger.EndedAsync("streamable");
        await service.Ledger.EndedAsync("sse");
        await service.AnswersAsync();
        Assert.Equal(["sse", "streamable"], service.Ledger.Names().Order());
    }

    [Fact(Timeout = 120_000)]
    public async Task Nothing_runs_on_for_a_web_process_that_was_killed()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        var other = await service.AddWebAsync();
        using var sse = await SseConnection.OpenAsync(service.Client, service.Webs[0].Url);
        using var hello = await sse.PostAsync(other.Url, Messages.Initialize());
        Assert.Equal(HttpStatusCode.Accepted, hello.StatusCode);
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");
        using var queued = await service.CallAsync(service.Ledger.Short("queued"));
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue that holds both");

        await service.Webs[0].Program.SignalAsync("KILL");

        await Eventually.HoldsAsync(
            async () =>
            {
                using var posted = await sse.PostAsync(other.Url, Messages.List(2));
                return posted.StatusCode == HttpStatusCode.NotFound;
            },
            "a 404 for a session of the dead process");
        await service.Ledger.EndedAsync("running");
        await service.AnswersAsync(other);
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 0, "a queue without the job that waited");
        Assert.Equal(["running"], service.Ledger.Names());
    }
}
