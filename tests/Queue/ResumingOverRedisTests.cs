using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Clients that come back for the rest of their answer and land on another web process.</summary>
public sealed class ResumingOverRedisTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_client_gets_the_rest_and_the_result_from_another_web_process()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        var other = await service.AddWebAsync();
        var session = await GreetAsync(service, other);
        using var posted = await CallAsync(service, session, service.Ledger.Waiting("run"));
        using var begin = new EventReader(await posted.Content.ReadAsStreamAsync());
        Assert.Equal("", (await begin.NextEventAsync()).Data);
        Assert.Contains("started run", (await begin.NextEventAsync()).Data, StringComparison.Ordinal);
        posted.Dispose();

        using var resumed = await ComeBackAsync(service, other, session, begin.LastId!);
        using var rest = new EventReader(await resumed.Content.ReadAsStreamAsync());
        Assert.Equal("the rest follows", await rest.NextCommentAsync());
        // By the time of the next comment the keeper was asked several times, in vain.
        Assert.Equal("keepalive", await rest.NextCommentAsync());
        service.Ledger.OpenGate();
        Assert.Contains("ended run", (await rest.NextEventAsync()).Data, StringComparison.Ordinal);
        var answer = JsonNode.Parse((await rest.NextEventAsync()).Data)!;
        Assert.Equal((1, "started run\nended run"), ((int)answer["id"]!, answer.Stdout()));
        Assert.Empty(await rest.RestAsync());
        Assert.Equal(["run"], service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_client_whose_call_died_with_its_web_process_is_told_so_by_another()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        var other = await service.AddWebAsync();
        var session = await GreetAsync(service, other);
        using var posted = await CallAsync(service, session, service.Ledger.Waiting("run"));
        using var begin = new EventReader(await posted.Content.ReadAsStreamAsync());
        await begin.NextEventAsync();
        await begin.NextEventAsync();
        await service.Webs[0].Program.SignalAsync("KILL");

        using var resumed = await ComeBackAsync(service, other, session, begin.LastId!);
        using var rest = new EventReader(await resumed.Content.ReadAsStreamAsync());
        var told = JsonNode.Parse((await rest.NextEventAsync()).Data)!;
        Assert.Equal(1, (int)told["id"]!);
        Assert.StartsWith("The rest of this call's answer is gone", (string)told["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Empty(await rest.RestAsync());
    }

    private static async Task<string> GreetAsync(QueueService service, WebServer web)
    {
        using var hello = await ToolCall.PostAsync(service.Client, web.Url, Messages.Initialize("2025-11-25"));
        return hello.Headers.GetValues("Mcp-Session-Id").Single();
    }

    private static Task<HttpResponseMessage> CallAsync(QueueService service, string session, string code) => SendAsync(
        service, new HttpRequestMessage(HttpMethod.Post, new Uri(service.Webs[0].Url, "/mcp")) { Content = new StringContent(Messages.Call(1, code, progressToken: "p"), Encoding.UTF8, "application/json") }, session);

    private static Task<HttpResponseMessage> ComeBackAsync(QueueService service, WebServer web, string session, string lastId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(web.Url, "/mcp"));
        request.Headers.Add("Last-Event-ID", lastId);
        return SendAsync(service, request, session);
    }

    private static Task<HttpResponseMessage> SendAsync(QueueService service, HttpRequestMessage request, string session)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        return service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
