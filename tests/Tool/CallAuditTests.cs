using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Tool;

/// <summary>The one line that each call leaves in the log.</summary>
public sealed class CallAuditTests
{
    private const string Code = "print('the secret ingredient')";

    [Fact]
    public async Task A_call_leaves_one_line_with_who_what_and_how_it_ended_but_neither_code_nor_output()
    {
        await using var session = new StdioSession(new ResultRunner(new ExecutionResult
        {
            ReturnCode = 1,
            Stdout = "the secret output",
            Stderr = "the secret error",
            Status = ExecutionStatus.Error,
            QueueTime = TimeSpan.FromMilliseconds(3),
            InstallTime = TimeSpan.FromMilliseconds(20),
            Duration = TimeSpan.FromMilliseconds(100),
        }));
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, Code, "numpy>=2", "requests");
        var line = Assert.Single(Audited(session));
        Assert.Matches(
            "^Information .*: call job=[0-9a-f]{12} caller=\"local\" client=\"[^\"]+\" packages=\\[\"numpy>=2\",\"requests\"\\] "
            + "ending=error returncode=1 queue_ms=3 install_ms=20 run_ms=100 total_ms=[0-9]+$", line);
        Assert.DoesNotContain(session.Logs.Lines, text => text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_code_is_written_down_when_a_setting_asks_for_it_and_the_output_never()
    {
        await using var session = new StdioSession(new ResultRunner(Ok("the secret output")), new ToolOptions { AuditCode = true });
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, "print('one')\nprint(\"two\")");
        var line = Assert.Single(Audited(session));
        Assert.EndsWith(" code=\"print('one')\\u000aprint(\\\"two\\\")\"", line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_never_became_a_job_is_written_down_with_the_reason()
    {
        await using var session = new StdioSession(new ResultRunner(null));
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, "");
        await session.Lines.CallAsync(2, Code);
        var lines = Audited(session);
        Assert.Contains(" ending=invalid returncode=none queue_ms=0 install_ms=0 run_ms=0 ", lines[0], StringComparison.Ordinal);
        Assert.Contains(" reason=\"Argument \\\"code\\\" is empty. ", lines[0], StringComparison.Ordinal);
        Assert.Contains(" ending=refused ", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(" reason=\"The service is busy.\"", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("me\ncall job=000000000000 caller=\"root\" ending=ok")]
    [InlineData("me\r\u2028\u2029\u0085\u001b[2J")]
    [InlineData("me\" ending=\"ok")]
    [InlineData("me\\\" ending=ok \\")]
    [InlineData("\u202egnidne")]
    public async Task A_clients_name_forges_neither_a_line_nor_a_field(string name)
    {
        await using var session = new StdioSession(new ResultRunner(Ok("")));
        await session.Lines.OpenAsync(clientName: name);
        await session.Lines.CallAsync(1, Code);
        var line = Assert.Single(Audited(session));
        Assert.DoesNotContain(line, char.IsControl);
        Assert.DoesNotContain(line, c => c is '\u2028' or '\u2029' or '\u202e');
        var quoted = line[(line.IndexOf("client=", StringComparison.Ordinal) + 7)..line.IndexOf(" packages=[]", StringComparison.Ordinal)];
        Assert.Equal(name, System.Text.Json.JsonDocument.Parse(quoted).RootElement.GetString());
    }

    [Fact]
    public async Task A_marker_of_a_package_stays_within_its_quotes()
    {
        await using var session = new StdioSession(new ResultRunner(Ok("")));
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, Code, "numpy; \"x\" == \"] ending=ok\"".Replace("]", "", StringComparison.Ordinal));
        Assert.Contains("packages=[\"numpy; \\\"x\\\" == \\\" ending=ok\\\"\"] ending=ok returncode=0", Assert.Single(Audited(session)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_list_of_packages_is_cut_and_counted()
    {
        await using var session = new StdioSession(new ResultRunner(Ok("")));
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, Code, [.. Enumerable.Range(0, 50).Select(i => $"p{i}-{new string('a', 400)}")]);
        var line = Assert.Single(Audited(session));
        Assert.Contains("\"… 45 more\"] ending=ok", line, StringComparison.Ordinal);
        Assert.True(line.Length < 3000, line);
    }

    private static List<string> Audited(StdioSession session) => [.. session.Logs.Lines.Where(line => line.Contains(": call job=", StringComparison.Ordinal))];

    private static ExecutionResult Ok(string stdout) => new() { ReturnCode = 0, Stdout = stdout, Stderr = "", Status = ExecutionStatus.Ok };

    private sealed class ResultRunner(ExecutionResult? result) : IJobRunner
    {
        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            await Task.CompletedTask;
            yield return new JobFinished(result ?? throw new RunnerException("The service is busy."));
        }
    }
}
