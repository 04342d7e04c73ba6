namespace CodeExec.Tests.EndToEnd;

/// <summary>What clients are told while their code runs, by the real programs in one process; and how they end it.</summary>
public sealed class StreamingTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    public static TheoryData<string> OverHttp => StreamedCall.OverHttp;

    [Theory]
    [MemberData(nameof(OverHttp))]
    public async Task Everything_that_code_prints_is_told_once_in_order_and_before_its_result(string how)
    {
        using var client = service.CreateClient();
        (await StreamedCall.OverHttpAsync(how, client, service.Url)).IsWhole();
    }

    [Fact]
    public async Task The_same_holds_over_stdio() => (await StreamedCall.OverStdioAsync(service.ClientSettings)).IsWhole();

    [Fact]
    public async Task A_cancel_notification_a_closed_post_and_a_closed_stream_end_the_python()
    {
        using var client = service.CreateClient();
        await EndsAsync(client, async code =>
        {
            using var hello = await Queue.ToolCall.PostAsync(client, service.Url, Web.Support.Messages.Initialize());
            var session = hello.Headers.GetValues("Mcp-Session-Id").Single();
            var call = await Queue.ToolCall.StartAsync(client, service.Url, code, id: 9, session: session);
            return async () =>
            {
                using var cancel = await Queue.ToolCall.PostAsync(client, service.Url, Web.Support.Messages.Cancelled(9), session);
                Assert.Equal("cancelled", (await call.AnswerAsync()).Status);
                call.Dispose();
            };
        });
        await EndsAsync(client, async code =>
        {
            var call = await Queue.ToolCall.StartAsync(client, service.Url, code);
            return () =>
            {
                call.Dispose();
                return Task.CompletedTask;
            };
        });
        await EndsAsync(client, async code =>
        {
            var stream = await Queue.SseConnection.OpenAsync(client, service.Url);
            (await stream.PostAsync(service.Url, Web.Support.Messages.Call(1, code))).Dispose();
            return () =>
            {
                stream.Dispose();
                return Task.CompletedTask;
            };
        });
    }

    private async Task EndsAsync(HttpClient client, Func<string, Task<Func<Task>>> start)
    {
        using var line = new LineToCode();
        var end = await start(line.CallAndWait);
        await line.CalledAsync(service.Server);
        await end();
        await line.EndedAsync();
        using var next = await Queue.ToolCall.StartAsync(client, service.Url, "print(4)");
        Assert.Equal("4", (await next.AnswerAsync()).Stdout);
    }
}
