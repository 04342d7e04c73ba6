using System.Text.Json;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Limits;

/// <summary>A host that runs out of memory while every job keeps to its own limit.</summary>
public sealed class HostMemoryTests
{
    [Theory]
    [InlineData("on")]
    [InlineData("off")]
    public async Task The_job_that_holds_most_is_ended_before_the_host_is_full_and_the_others_go_on(string forkServer)
    {
        using var folder = new TestFolder();
        // All together are above half of it, and only when the second call already holds more than the first, however early the look: as long as
        // the worker's own memory is between 12 and 62 MB.
        await using var worker = WorkerProcess.Start(
            folder, asNobody: false, ("DYNO_RAM", "512"), ("HOST_MEMORY_PERCENT", "50"), ("WORKER_CONCURRENCY", "2"), ("FORK_SERVER", forkServer), ("Logging__LogLevel__Default", "Warning"));
        await worker.CallAsync(1, "print(1)");
        using var release = new NamedPipe(folder.Shared("release"));
        await worker.Lines.SendAsync(McpLines.Call(2, $"held = b'x' * 100_000_000\nopen({WheelFolder.Python(release.Path)}).read()\nprint('went on')"));

        var ended = (await worker.CallAsync(3, "import time\nheld = b'x' * 150_000_000\ntime.sleep(20)")).GetProperty("structuredContent");

        Assert.Equal(("memory_limit", -9), (ended.GetProperty("status").GetString(), ended.GetProperty("returncode").GetInt32()));
        Assert.Matches(@"^The code was stopped because the server's memory ran out \(\d+ of 512 MB in use\), and of the calls that ran it held most, 1[345]\d MB\.", ended.GetProperty("hint").GetString());
        release.Open();
        Assert.Equal("went on", (await worker.Lines.AnswerAsync(2)).GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString());
    }

    [Fact]
    public async Task A_job_on_a_small_dyno_is_ended_long_before_the_dyno_would_be()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: false, ("DYNO_RAM", "512"));
        JsonElement ended = default;
        for (var call = 1; call <= 3; call++)
        {
            ended = (await worker.CallAsync(call, "held = []\nfor _ in range(90): held.append(b'x' * 10_000_000)\nimport time\ntime.sleep(20)")).GetProperty("structuredContent");
            Assert.Equal("memory_limit", ended.GetProperty("status").GetString());
        }
        Assert.Contains("the limit is 160 MB", ended.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }
}
