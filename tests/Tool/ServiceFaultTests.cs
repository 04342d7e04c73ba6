using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Tool;

/// <summary>What is not the code's doing is an error, in words that a model can act on and without anything of ours in them.</summary>
public sealed class ServiceFaultTests
{
    [Fact]
    public async Task A_fault_of_ours_gives_a_reference_and_the_detail_to_the_log_alone()
    {
        await using var session = new StdioSession(new FailingRunner(new IOException("/var/secret/place is broken")));
        await session.Lines.OpenAsync();
        var text = Error(await session.Lines.CallAsync(1, "print(1)"));
        Assert.DoesNotContain("/var/secret", text, StringComparison.Ordinal);
        var logged = Assert.Single(session.Logs.Errors.ToList());
        Assert.Contains("/var/secret/place is broken", logged, StringComparison.Ordinal);
        var reference = logged[(logged.IndexOf("job=", StringComparison.Ordinal) + 4)..][..12];
        Assert.Contains($"reference {reference}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_reaches_the_client_in_its_own_words()
    {
        await using var session = new StdioSession(new FailingRunner(new RunnerException("The service is busy. Call again.")));
        await session.Lines.OpenAsync();
        Assert.Equal("The service is busy. Call again.", Error(await session.Lines.CallAsync(1, "print(1)")));
        Assert.Equal(0, session.Gate.Running);
    }

    [Fact]
    public async Task A_run_without_a_result_is_a_fault_of_ours()
    {
        await using var session = new StdioSession(new FailingRunner(null));
        await session.Lines.OpenAsync();
        Assert.Contains("The service failed", Error(await session.Lines.CallAsync(1, "print(1)")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_worker_is_an_error_that_shows_what_was_printed()
    {
        await using var session = new StdioSession(new FailingRunner(null, new JobFinished(new ExecutionResult { ReturnCode = -9, Stdout = "half", Stderr = "", Status = ExecutionStatus.WorkerLost })));
        await session.Lines.OpenAsync();
        var result = await session.Lines.CallAsync(1, "print(1)");
        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.Equal(("worker_lost", "half"), (result.GetProperty("structuredContent").GetProperty("status").GetString(), result.GetProperty("structuredContent").GetProperty("stdout").GetString()));
    }

    [Fact]
    public async Task Without_Python_the_client_is_told_how_to_install_it()
    {
        await using var service = new TestService(execution: options => options with { Python = "no-such-python" });
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.OpenAsync();
        var text = Error(await session.Lines.CallAsync(1, "print(1)"));
        Assert.Contains("\"no-such-python\"", text, StringComparison.Ordinal);
        Assert.Contains("apt-get install python3", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#!/bin/sh\nexit 3\n", "ended with code 3")]
    [InlineData("#!/bin/sh\necho hello\n", "no usable Python")]
    [InlineData("#!/bin/sh\necho '{}'\n", "no usable Python")]
    [InlineData("not a program", "no usable Python")]
    public async Task What_is_no_Python_is_said_to_be_none(string script, string words)
    {
        await using var service = new TestService();
        var path = service.Folder.Write("python", script);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var broken = new TestService(execution: options => options with { Python = path });
        Assert.Contains(words, (await Assert.ThrowsAsync<RunnerException>(() => broken.RunAsync("print(1)"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_gate_refuses_calls_and_lets_running_ones_end()
    {
        var time = new ManualTime();
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.OpenAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        await session.Lines.SendAsync(McpLines.Call(1, $"print('on')\nopen({WheelFolder.Python(release.Path)}).read()\nprint('done')", progressToken: "t"));
        await session.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        var closing = session.Gate.CloseAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5), time);
        Assert.Contains("shutting down", Error(await session.Lines.CallAsync(2, "print(1)")), StringComparison.Ordinal);
        release.Open();
        Assert.Equal("on\ndone", (await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString());
        Assert.True(await closing.Within());
    }

    [Fact]
    public async Task A_call_that_outlives_the_drain_time_is_stopped_and_told_so()
    {
        var time = new ManualTime();
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Call(1, Jobs.Endless().Code, progressToken: "t"));
        await session.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        var closing = session.Gate.CloseAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5), time);
        await time.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("was shut down while this code ran", Error((await session.Lines.AnswerAsync(1)).GetProperty("result")), StringComparison.Ordinal);
        Assert.True(await closing.Within());
    }

    private static string Error(JsonElement result)
    {
        Assert.True(result.GetProperty("isError").GetBoolean());
        return result.GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    private sealed class FailingRunner(Exception? fault, params JobEvent[] events) : IJobRunner
    {
        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            await Task.CompletedTask;
            foreach (var happened in events) yield return happened;
            if (fault is not null) throw fault;
        }
    }
}
