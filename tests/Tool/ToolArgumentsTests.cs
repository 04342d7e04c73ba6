using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Tool;

/// <summary>Bad input gets an error that names argument, value and limit, and no job is run for it.</summary>
public sealed class ToolArgumentsTests
{
    private static readonly ToolOptions Options = new() { MaxCodeBytes = 100, MaxPackages = 3 };

    public static TheoryData<string, string[]> BadArguments => new()
    {
        { "{}", ["\"code\"", "missing"] },
        { """{"packages":["numpy"]}""", ["\"code\"", "missing"] },
        { """{"code":7}""", ["\"code\"", "a number", "string"] },
        { """{"code":null}""", ["\"code\"", "null", "string"] },
        { """{"code":["print(1)"]}""", ["\"code\"", "a list", "string"] },
        { """{"code":{"a":1}}""", ["\"code\"", "an object"] },
        { """{"code":true}""", ["\"code\"", "true or false"] },
        { """{"code":""}""", ["\"code\"", "empty"] },
        { """{"code":" \n\t "}""", ["\"code\"", "empty"] },
        { """{"code":"x = 1\u0000"}""", ["\"code\"", "NUL", "position 5"] },
        { $$"""{"code":"{{new string('é', 51)}}"}""", ["\"code\"", "102 bytes", "limit is 100"] },
        { """{"code":"x","packages":"numpy"}""", ["\"packages\"", "a string", "list"] },
        { """{"code":"x","packages":{"numpy":"1"}}""", ["\"packages\"", "an object", "list"] },
        { """{"code":"x","packages":["a","b","c","d"]}""", ["\"packages\"", "4 entries", "limit is 3"] },
        { $$"""{"code":"x","packages":[{{string.Join(',', Enumerable.Repeat("\"numpy\"", 1000))}}]}""", ["\"packages\"", "1000 entries", "limit is 3"] },
        { """{"code":"x","packages":["numpy",5]}""", ["\"packages\"[1]", "a number"] },
        { """{"code":"x","packages":[null]}""", ["\"packages\"[0]", "null"] },
        { """{"code":"x","packages":[""]}""", ["\"packages\"[0]", "empty"] },
        { """{"code":"x","packages":["--index-url=https://evil.example/simple"]}""", ["\"packages\"[0]", "--index-url=https://evil.example/simple", "option"] },
        { """{"code":"x","packages":["-r x"]}""", ["\"packages\"[0]", "-r x", "option"] },
        { """{"code":"x","packages":["ok","git+https://example.com/x.git"]}""", ["\"packages\"[1]", "git+https://example.com/x.git", "version-control"] },
        { """{"code":"x","packages":["https://example.com/x.whl"]}""", ["\"packages\"[0]", "URL"] },
        { """{"code":"x","packages":["../x"]}""", ["\"packages\"[0]", "path"] },
        { """{"code":"x","timeout":5}""", ["\"timeout\"", "\"code\"", "\"packages\""] },
        { """{"Code":"x"}""", ["\"Code\"", "\"code\""] },
    };

    [Theory]
    [MemberData(nameof(BadArguments))]
    public async Task Bad_arguments_get_an_error_that_says_what_is_wrong(string arguments, string[] words)
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.CallWith(1, arguments));
        var result = (await session.Lines.AnswerAsync(1)).GetProperty("result");
        Assert.True(result.GetProperty("isError").GetBoolean());
        var text = result.GetProperty("content")[0].GetProperty("text").GetString()!;
        Assert.All(words, word => Assert.Contains(word, text, StringComparison.Ordinal));
        Assert.InRange(text.Length, 20, 400);
        Assert.False(result.TryGetProperty("structuredContent", out _));
    }

    [Fact]
    public async Task No_arguments_at_all_get_an_error()
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Request(1, "tools/call", """{"name":"code_exec_python"}"""));
        Assert.Contains("\"code\" is missing", (await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tools/no_such_method", "{}", -32601)]
    [InlineData("tools/call", """{"name":"run_shell","arguments":{}}""", -32602)]
    public async Task What_does_not_exist_gets_a_protocol_error(string method, string parameters, int code)
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Request(1, method, parameters));
        var error = (await session.Lines.AnswerAsync(1)).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("""{"code":"x = '\ud800'"}""", "\"code\"")]
    [InlineData("""{"code":"x = '\udc00\ud800'"}""", "\"code\"")]
    [InlineData("""{"code":"x","packages":["ok","\ud800"]}""", "\"packages\"")]
    public async Task Half_a_surrogate_pair_gets_an_error_that_names_the_argument(string arguments, string name)
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        // Written out by hand: no JSON library writes half a pair.
        await session.Lines.SendAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"code_exec_python","arguments":{{{arguments}}}}}""");
        var error = (await session.Lines.AnswerAsync(1)).GetProperty("error");
        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
        Assert.Contains($"Argument {name} is no text: it holds half of a surrogate pair", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_get_an_error_that_names_the_argument()
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        await session.Lines.SendRawAsync([.. "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"code_exec_python\",\"arguments\":{\"code\":\"x"u8, 0xff, .. "\"}}}\n"u8]);
        Assert.Contains("bytes that aren't UTF-8", (await session.Lines.AnswerAsync(1)).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Good_arguments_reach_the_runner_as_they_are()
    {
        var runner = new NoRunner();
        await using var session = new StdioSession(runner);
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, "print('🐍')\n", "B", "a", "b", "A[Y,x]");
        Assert.Equal(("print('🐍')\n", "b a a[x,y]", "tests"), (runner.Job!.Code, string.Join(' ', runner.Job.Packages), runner.Job.ClientName));
    }

    [Fact]
    public async Task Code_of_exactly_the_limit_is_accepted()
    {
        var runner = new NoRunner();
        await using var session = new StdioSession(runner, Options);
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, new string('é', 50));
        Assert.Equal(50, runner.Job!.Code.Length);
    }

    [Fact]
    public async Task A_long_bad_value_does_not_drown_the_message()
    {
        await using var session = new StdioSession(new NoRunner(), Options);
        await session.Lines.OpenAsync();
        var result = await session.Lines.CallAsync(1, "x", new string('ü', 400) + "\n\u0007");
        var text = result.GetProperty("content")[0].GetProperty("text").GetString()!;
        Assert.InRange(text.Length, 80, 400);
        Assert.DoesNotContain(text, char.IsControl);
    }

    /// <summary>Answers without running anything, and remembers what it was asked for.</summary>
    private sealed class NoRunner : IJobRunner
    {
        public ExecutionJob? Job { get; private set; }

        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            await Task.CompletedTask;
            Job = job;
            yield return new JobFinished(new ExecutionResult { ReturnCode = 0, Stdout = "", Stderr = "", Status = ExecutionStatus.Ok });
        }
    }
}
