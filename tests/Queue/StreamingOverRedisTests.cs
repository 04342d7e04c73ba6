using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>What clients are told while their code runs on a worker.</summary>
public sealed class StreamingOverRedisTests
{
    [Fact(Timeout = 120_000)]
    public async Task Everything_that_code_prints_is_told_once_in_order_and_before_its_result()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        foreach (var how in StreamedCall.OverHttp) (await StreamedCall.OverHttpAsync(how, service.Client, service.Webs[0].Url)).IsWhole();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_real_client_whose_connections_break_resumes_by_itself_on_another_web_process()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        await service.AddWebAsync();
        await using var router = new AlternatingRouter([.. service.Webs.Select(web => web.Url.Port)]);
        await using var client = NodeClient.Start("sdk-client.mjs", ["call", "http", new Uri(router.Url, "/mcp").ToString(), service.Ledger.Waiting("run")], service.Settings);
        await client.Stderr.HasAsync("started run");
        router.Cut();
        await client.Stderr.HasAsync("SSE stream disconnected");
        service.Ledger.OpenGate();
        var result = (await NodeClient.AnswerAsync(client)).GetProperty("result").GetProperty("structuredContent");
        Assert.Equal("started run\nended run", result.GetProperty("stdout").GetString());
        Assert.Equal(["run"], service.Ledger.Names());
    }
}
