using System.Text;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Stdio;

/// <summary>The transport in this process: what comes in, in whatever shape, and what goes out.</summary>
public sealed class StdioTransportTests
{
    [Fact]
    public async Task Every_answer_is_written_though_the_input_ends_right_behind_the_last_request()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.SendAsync(McpLines.Initialize(1), McpLines.Initialized, McpLines.Request(2, "tools/list"), McpLines.Call(3, "import time; time.sleep(0.2); print('slow')"), McpLines.Call(4, "print('fast')"));
        session.Lines.CloseInput();
        await session.Ended.Within();
        await session.Lines.Ended.Within();
        Assert.Equal("1 2 3 4", string.Join(' ', session.Lines.AnsweredIds.Order(StringComparer.Ordinal)));
        Assert.Equal("1", session.Lines.AnsweredIds.First());
        Assert.Equal("slow", Stdout(await session.Lines.AnswerAsync(3)));
        Assert.Equal("fast", Stdout(await session.Lines.AnswerAsync(4)));
    }

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("2024-11-05")]
    [InlineData("2025-11-25")]
    public async Task A_client_of_any_past_protocol_version_is_served(string version)
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.SendAsync(McpLines.Initialize(0, version), McpLines.Initialized);
        var result = (await session.Lines.AnswerAsync(0)).GetProperty("result");
        Assert.Matches(@"^\d{4}-\d\d-\d\d$", result.GetProperty("protocolVersion").GetString());
        Assert.Equal("codeexec", result.GetProperty("serverInfo").GetProperty("name").GetString());
        Assert.Equal("x", Stdout(await CallAsync(session, 1, "x")));
    }

    [Fact]
    public async Task A_client_of_a_future_protocol_version_is_told_which_ones_there_are()
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.SendAsync(McpLines.Initialize(0, "2099-01-01"));
        var error = (await session.Lines.AnswerAsync(0)).GetProperty("error");
        Assert.Contains("2099-01-01", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("2025-11-25", error.GetProperty("data").GetRawText(), StringComparison.Ordinal);
        await session.Lines.SendAsync(McpLines.Initialize(1), McpLines.Initialized);
        Assert.Equal("x", Stdout(await CallAsync(session, 2, "x")));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\n\n \n\t\n\r\n")]
    [InlineData("\u0004\n")]
    [InlineData(" \u0004 \u0004\r\n")]
    public async Task Blank_lines_and_a_lone_end_of_transmission_are_nothing(string noise)
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.SendRawAsync(Encoding.UTF8.GetBytes(noise + McpLines.Initialize(0) + "\n" + noise + McpLines.Initialized + "\n" + noise + McpLines.Call(1, "x") + "\n" + noise));
        Assert.Equal("x", Stdout(await session.Lines.AnswerAsync(1)));
        Assert.Equal("0 1", string.Join(' ', session.Lines.AnsweredIds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r")]
    [InlineData("\u0004")]
    [InlineData("\n\u0004")]
    public async Task The_last_line_needs_no_end(string end)
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.OpenAsync();
        await session.Lines.SendRawAsync(Encoding.UTF8.GetBytes(McpLines.Call(1, "last") + end));
        session.Lines.CloseInput();
        await session.Ended.Within();
        Assert.Equal("last", Stdout(await session.Lines.AnswerAsync(1)));
        Assert.Equal("0 1", string.Join(' ', session.Lines.AnsweredIds));
    }

    [Theory]
    [InlineData("nonsense", -32700)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7", -32700)]
    [InlineData("{}", -32600)]
    [InlineData("[]", -32600)]
    [InlineData("null", -32600)]
    [InlineData("42", -32600)]
    [InlineData("{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"ping\"}", -32600)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7}", -32600)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", -32600)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\\ud800\"}", -32600)]
    public async Task A_line_that_is_no_message_gets_an_error_and_the_next_one_its_answer(string line, int code)
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(line);
        Assert.Equal("next", Stdout(await CallAsync(session, 1, "next")));
        var refused = session.Lines.Received.Single(message => message.TryGetProperty("error", out _));
        Assert.Equal(code, refused.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(JsonValueKind.Null, refused.GetProperty("id").ValueKind);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_do_not_end_the_session()
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.OpenAsync();
        await session.Lines.SendRawAsync([0xff, 0xfe, (byte)'\n', 0, 0, (byte)'\n']);
        await session.Lines.SendRawAsync([.. "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"p"u8, 0xff, .. "\"}\n"u8]);
        Assert.Equal("next", Stdout(await CallAsync(session, 1, "next")));
        Assert.Equal(3, session.Lines.Received.Count(message => message.TryGetProperty("error", out _)));
    }

    [Fact]
    public async Task A_line_that_is_too_long_gets_an_error_with_the_limit_and_the_next_one_its_answer()
    {
        await using var session = new StdioSession(new EchoRunner(), maxLineBytes: 1000);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Call(1, new string('x', 200_000)));
        var fits = McpLines.Call(2, "");
        fits = McpLines.Call(2, new string('y', 1000 - fits.Length));
        await session.Lines.SendAsync(fits, McpLines.Call(3, new string('z', 1001 - McpLines.Call(3, "").Length)), McpLines.Call(4, "next"));
        Assert.Equal("next", Stdout(await session.Lines.AnswerAsync(4)));
        Assert.StartsWith("yyy", Stdout(await session.Lines.AnswerAsync(2)), StringComparison.Ordinal);
        var refused = session.Lines.Received.Where(message => message.TryGetProperty("error", out _)).ToList();
        Assert.Equal(2, refused.Count);
        Assert.All(refused, message => Assert.Contains("longer than 1000 bytes, the limit", message.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_too_long_line_without_an_end_gets_an_error_too()
    {
        await using var session = new StdioSession(new EchoRunner(), maxLineBytes: 1000);
        await session.Lines.OpenAsync();
        await session.Lines.SendRawAsync(new byte[100_000].Select(_ => (byte)'x').ToArray());
        session.Lines.CloseInput();
        await session.Ended.Within();
        await session.Lines.FindAsync(message => message.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task Calls_sent_together_with_initialize_are_answered_after_it()
    {
        for (var i = 0; i < 10; i++)
        {
            await using var session = new StdioSession(new EchoRunner());
            await session.Lines.SendAsync(McpLines.Initialize(0), McpLines.Call(1, "x"), McpLines.Request(2, "tools/list"));
            await session.Lines.AnswerAsync(1);
            await session.Lines.AnswerAsync(2);
            Assert.Equal("0", session.Lines.AnsweredIds.First());
        }
    }

    [Fact]
    public async Task Many_calls_at_once_are_all_answered_each_with_its_own()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.SendAsync([McpLines.Initialize(0), McpLines.Initialized, .. Enumerable.Range(1, 50).Select(i => McpLines.Call(i, $"print({i})"))]);
        session.Lines.CloseInput();
        await session.Ended.Within();
        for (var i = 1; i <= 50; i++) Assert.Equal($"{i}", Stdout(await session.Lines.AnswerAsync(i)));
        Assert.Equal(51, session.Lines.Received.Count);
    }

    [Fact]
    public async Task Two_requests_of_one_id_are_both_answered()
    {
        var runner = new EchoRunner();
        await using var session = new StdioSession(runner);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Call(1, "wait"), McpLines.Call(1, "x"));
        await session.Lines.AnswerAsync(1);
        session.Lines.CloseInput();
        runner.Release();
        await session.Ended.Within();
        await session.Lines.Ended.Within();
        Assert.Equal("0 1 1", string.Join(' ', session.Lines.AnsweredIds));
    }

    [Fact]
    public async Task A_cancelled_call_ends_and_nobody_waits_for_its_answer()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Call(1, Jobs.Endless().Code, progressToken: "t"));
        await session.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        await session.Lines.SendAsync(McpLines.Cancel(1), McpLines.Cancel(99), """{"jsonrpc":"2.0","method":"notifications/cancelled"}""");
        Assert.Equal("2", Stdout(await CallAsync(session, 2, "print(2)")));
        await Eventually.HoldsAsync(() => session.Gate.Running == 0, "an end of the call");
        Assert.Contains(session.Logs.Lines, line => line.Contains(" ending=cancelled ", StringComparison.Ordinal));
        session.Lines.CloseInput();
        await session.Ended.Within();
        await session.Lines.Ended.Within();
        // An answer that crosses the cancellation is allowed, and then says what happened.
        foreach (var answer in session.Lines.Received.Where(message => McpLines.IsAnswer(message) && message.GetProperty("id").GetRawText() == "1"))
            Assert.Equal("cancelled", answer.GetProperty("result").GetProperty("structuredContent").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"requestId\":[]}")]
    [InlineData("{\"requestId\":1.5}")]
    [InlineData("{\"requestId\":\"\\ud800\"}")]
    public async Task A_cancellation_that_names_nothing_changes_nothing(string parameters)
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync($$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{parameters}}}""");
        Assert.Equal("next", Stdout(await CallAsync(session, 1, "next")));
    }

    [Fact]
    public async Task A_client_that_can_no_longer_be_written_to_does_not_hold_the_session_open()
    {
        await using var session = new StdioSession(new EchoRunner(), output: new BrokenStream());
        await session.Lines.SendAsync(McpLines.Initialize(0), McpLines.Initialized, McpLines.Call(1, "x"));
        session.Lines.CloseInput();
        await session.Ended.Within();
        Assert.Equal(0, session.Gate.Running);
    }

    [Fact]
    public async Task Letters_travel_as_they_are()
    {
        await using var session = new StdioSession(new EchoRunner());
        await session.Lines.OpenAsync();
        Assert.Equal("приве́т 世界 <&'> 🐍", Stdout(await CallAsync(session, 1, "приве́т 世界 <&'> 🐍")));
    }

    private static async Task<JsonElement> CallAsync(StdioSession session, int id, string code)
    {
        await session.Lines.SendAsync(McpLines.Call(id, code));
        return await session.Lines.AnswerAsync(id);
    }

    private static string Stdout(JsonElement answer) => answer.GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString()!;

    /// <summary>Answers with the code itself; with "wait", once released.</summary>
    private sealed class EchoRunner : IJobRunner
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _released.TrySetResult();

        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            if (job.Code == "wait") await _released.Task.WaitAsync(stop.Token);
            yield return new JobFinished(new ExecutionResult { ReturnCode = 0, Stdout = job.Code, Stderr = "", Status = ExecutionStatus.Ok });
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("Broken pipe");
    }
}
