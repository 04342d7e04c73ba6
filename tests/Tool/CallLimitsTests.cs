using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;

namespace CodeExec.Tests.Tool;

/// <summary>The limits that a call may bring along.</summary>
public sealed class CallLimitsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"progressToken":"codeexec/memory_mb","other/codeexec/memory_mb":"much"}""")]
    public void A_call_without_limits_has_those_of_the_settings(string? meta) => Assert.Null(Parse(meta));

    [Fact]
    public void A_call_may_ask_for_less_of_everything() => Assert.Equal(
        new JobLimits { TimeoutSeconds = 5, CpuSeconds = 4, MemoryMb = 64, Processes = 3, FileMb = 2, DiskMb = 9, OpenFiles = 64, PrintedBytes = 4096 },
        Parse("""
            {"codeexec/timeout_seconds":5,"codeexec/cpu_seconds":4,"codeexec/memory_mb":64,"codeexec/processes":3,
             "codeexec/file_mb":2,"codeexec/disk_mb":9,"codeexec/open_files":64,"codeexec/printed_bytes":4096}
            """));

    [Theory]
    [InlineData("timeout_seconds", "31", "is 31; the most is 30, which the server's EXEC_TIMEOUT_SECONDS sets.")]
    [InlineData("cpu_seconds", "61", "is 61; the most is 60, which the server's CPU_LIMIT_SECONDS sets.")]
    [InlineData("memory_mb", "513", "is 513; the most is 512, which the server's MEMORY_LIMIT_MB sets.")]
    [InlineData("processes", "65", "is 65; the most is 64, which the server's PROCESS_LIMIT sets.")]
    [InlineData("file_mb", "257", "is 257; the most is 256, which the server's FILE_SIZE_LIMIT_MB sets.")]
    [InlineData("disk_mb", "9223372036854775807", "is 9223372036854775807; the most is 512, which the server's DISK_LIMIT_MB sets.")]
    [InlineData("open_files", "1025", "is 1025; the most is 1024, which the server's OPEN_FILES_LIMIT sets.")]
    [InlineData("printed_bytes", "1073741825", "is 1073741825; the most is 1073741824, which the server's MAX_PRINTED_BYTES sets.")]
    public void More_than_the_setting_is_refused(string name, string value, string words) =>
        Assert.Equal($"_meta \"codeexec/{name}\" {words} Send less, or leave it out.", Refused($$"""{"codeexec/{{name}}":{{value}}}"""));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("31")]
    [InlineData("1.5")]
    [InlineData("1e999")]
    [InlineData("99999999999999999999")]
    [InlineData("\"64\"")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[64]")]
    [InlineData("{\"mb\":64}")]
    public void What_is_no_such_number_is_refused(string value) => Assert.EndsWith(
        $"is {value}; it must be a whole number from 32 to 512. Send such a number, or leave it out.", Refused($$"""{"codeexec/memory_mb":{{value}}}"""), StringComparison.Ordinal);

    [Fact]
    public void A_limit_that_does_not_exist_is_refused_with_those_that_do() =>
        Assert.StartsWith("Unknown limit \"codeexec/memory\" in _meta. There are codeexec/timeout_seconds, ", Refused("""{"codeexec/memory":64}"""), StringComparison.Ordinal);

    [Fact]
    public void A_long_value_does_not_drown_the_message() => Assert.True(Refused($$"""{"codeexec/memory_mb":"{{new string('9', 10_000)}}"}""").Length < 300);

    [Fact]
    public void Where_the_workers_memory_is_not_known_any_amount_may_be_asked_for()
    {
        var options = new ToolOptions { MostMemoryBytes = null };
        Assert.Equal(100_000, Parse("""{"codeexec/memory_mb":100000}""", options)!.MemoryMb);
        Assert.Contains("a whole number of 32 or more", Refused("""{"codeexec/memory_mb":1}""", options), StringComparison.Ordinal);
        Assert.Contains("a whole number of 32 or more", Refused("""{"codeexec/memory_mb":5000000000}""", options), StringComparison.Ordinal);
    }

    private static JobLimits? Parse(string? meta, ToolOptions? options = null) => CallLimits.Parse(meta is null ? null : JsonNode.Parse(meta)!.AsObject(), options ?? new ToolOptions());

    private static string Refused(string meta, ToolOptions? options = null) => Assert.Throws<ToolCallException>(() => Parse(meta, options)).Message;
}
