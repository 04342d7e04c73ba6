using System.Text.Json;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Tool;

/// <summary>Code in the background, in the process that runs it: real Python, over STDIO.</summary>
public sealed class BackgroundOverStdioTests
{
    private static readonly ToolOptions WithJobs = new() { JobTools = true };

    [Fact]
    public async Task Code_goes_on_after_its_call_was_answered_and_its_result_fits_the_output_schema()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, WithJobs);
        await session.Lines.OpenAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        var started = await CallAsync(session, 1, "code_exec_python", new { code = $"print('early', flush=True)\nopen({WheelFolder.Python(release.Path)}).read()\nprint('late')", background = true });
        var id = started.GetProperty("structuredContent").GetProperty("job_id").GetString()!;
        release.Open();
        var result = await CallAsync(session, 2, "job_result", new { job_id = id, wait_seconds = 50 });
        Assert.Equal("early\nlate", result.GetProperty("structuredContent").GetProperty("stdout").GetString());
        Assert.Equal(JsonSerializer.Serialize(result), JsonSerializer.Serialize(await CallAsync(session, 3, "job_result", new { job_id = id })));
    }

    [Fact]
    public async Task A_service_that_is_full_says_so_at_once()
    {
        await using var service = new TestService(execution: options => options with { Concurrency = 1, QueueLimit = 0 });
        await using var session = new StdioSession(service.Local.Runner, WithJobs);
        await session.Lines.OpenAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        var code = $"open({WheelFolder.Python(release.Path)}).read()";
        var first = await CallAsync(session, 1, "code_exec_python", new { code, background = true });
        var second = await CallAsync(session, 2, "code_exec_python", new { code, background = true });
        Assert.True(second.GetProperty("isError").GetBoolean());
        Assert.Contains("busy", second.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        var id = first.GetProperty("structuredContent").GetProperty("job_id").GetString()!;
        var cancelled = await CallAsync(session, 3, "job_cancel", new { job_id = id });
        Assert.Equal("cancelled", cancelled.GetProperty("structuredContent").GetProperty("status").GetString());
    }

    private static async Task<JsonElement> CallAsync(StdioSession session, int id, string tool, object arguments)
    {
        await session.Lines.SendAsync(McpLines.Request(id, "tools/call", JsonSerializer.Serialize(new { name = tool, arguments })));
        return (await session.Lines.AnswerAsync(id)).GetProperty("result");
    }
}
