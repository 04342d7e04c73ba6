using System.Net;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Several keys over several web processes that share a queue.</summary>
public sealed class CallersTests
{
    [Fact(Timeout = 120_000)]
    public async Task One_keys_flood_leaves_slots_of_the_workers_to_another_key()
    {
        await using var service = await StartAsync(webs: 1);
        using var alice = Client("key-of-alice");
        using var bob = Client("key-of-bob");
        var flood = await Task.WhenAll(Enumerable.Range(1, 200).Select(id => ToolCall.StartAsync(alice, service.Webs[0].Url, service.Ledger.Waiting($"alice{id}"), id: id)));
        // Two of the four slots: half of what one process runs.
        await CodeExec.Tests.Support.Eventually.HoldsAsync(() => service.Ledger.Names().Count() == 2, "two calls of alice that run");

        for (var i = 0; i < 5; i++)
        {
            using var call = await ToolCall.StartAsync(bob, service.Webs[0].Url, "print(6*7)");
            Assert.Equal("42", (await call.AnswerAsync()).Stdout);
        }
        Assert.Equal(2, service.Ledger.Names().Count());
        await CodeExec.Tests.Support.Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue that holds alice's two calls alone");

        service.Ledger.OpenGate();
        var answers = await Task.WhenAll(flood.Select(call => call.AnswerAsync()));
        Assert.Equal((52, 148), (answers.Count(answer => answer.Status == "ok"), answers.Count(answer => answer.IsError && answer.Text.StartsWith("The service is busy: 2 calls of API key \"alice\" run", StringComparison.Ordinal))));
        foreach (var call in flood) call.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_session_of_another_key_is_unknown_on_whichever_process_its_message_lands()
    {
        await using var service = await StartAsync(webs: 2);
        using var alice = Client("key-of-alice");
        using var bob = Client("key-of-bob");
        using var sse = await SseConnection.OpenAsync(alice, service.Webs[0].Url);
        var address = (await sse.Stream.HasAsync("\n\n")).Split('\n').First(line => line.StartsWith("data: ", StringComparison.Ordinal))[6..];
        foreach (var web in service.Webs)
        {
            foreach (var stolen in new[] { address, address + "A", address[..^1] })
            {
                using var content = new StringContent(Messages.Call(1), System.Text.Encoding.UTF8, "application/json");
                using var refused = await bob.PostAsync(new Uri(web.Url, stolen), content);
                Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            }
        }
        using var hello = await ToolCall.PostAsync(alice, service.Webs[0].Url, Messages.Initialize());
        var session = hello.Headers.GetValues("Mcp-Session-Id").Single();
        using var other = await ToolCall.PostAsync(bob, service.Webs[1].Url, Messages.Cancelled(1), session);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);

        // Its own messages arrive through either process, and nothing of bob's did.
        foreach (var (web, id) in service.Webs.Zip([10, 11]))
        {
            using var posted = await sse.PostAsync(web.Url, Messages.Call(id, $"print({id})"));
            Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
            Assert.Equal($"{id}", (await sse.AnswerAsync(id)).Stdout);
        }
        Assert.DoesNotContain("\"id\":1,", sse.Stream.Text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_request_that_is_refused_where_its_session_lives_is_answered_all_the_same()
    {
        await using var service = await StartAsync(webs: 2);
        using var alice = Client("key-of-alice");
        using var sse = await SseConnection.OpenAsync(alice, service.Webs[0].Url);
        using var first = await sse.PostAsync(service.Webs[1].Url, Messages.Call(7, service.Ledger.Waiting("first"), progressToken: "p"));
        await sse.Stream.HasAsync("started first");
        using var second = await sse.PostAsync(service.Webs[1].Url, Messages.Call(7));
        Assert.Equal(HttpStatusCode.Accepted, second.StatusCode);
        await sse.Stream.HasAsync("an unanswered request with id 7 already");
        service.Ledger.OpenGate();
    }

    private static async Task<QueueService> StartAsync(int webs)
    {
        var service = await QueueService.StartAsync();
        await service.AddWorkerAsync();
        for (var i = 0; i < webs; i++) await service.AddWebAsync(settings => settings.With("API_KEY", "alice:key-of-alice,bob:key-of-bob"));
        return service;
    }

    private static HttpClient Client(string key)
    {
        var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Add("x-api-key", key);
        return client;
    }
}
