using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Settings;

public sealed class ServiceSettingsTests
{
    [Fact]
    public void Every_fault_is_told_at_once()
    {
        var fault = Refused(("EXEC_TIMEOUT_SECONDS", "soon"), ("MAX_OUTPUT_BYTES", "1"), ("ALLOW_SDISTS", "perhaps"), ("PORT", "70000"), ("QUEUE_LIMIT", "-1"));
        Assert.Equal(5, fault.Faults.Count);
        Assert.Contains("EXEC_TIMEOUT_SECONDS is \"soon\"; it must be a whole number of seconds from 1 to 86400 (default 30).", fault.Faults, StringComparer.Ordinal);
        Assert.Contains("ALLOW_SDISTS is \"perhaps\"; it must be true or false (default false).", fault.Faults, StringComparer.Ordinal);
        Assert.All(fault.Faults, line => Assert.Contains(line, fault.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("s3cret value", "can't stand in an HTTP header")]
    [InlineData("ci:s3cret-1,ci:s3cret-2", "names \"ci\" twice")]
    [InlineData("ci:,ops:s3cret", "without a key")]
    [InlineData(":s3cret", "without a name")]
    [InlineData("ci:s3crét", "can't stand in an HTTP header")]
    public void A_bad_key_is_refused_without_showing_it(string keys, string words)
    {
        var fault = Refused(("API_KEY", keys), ("PIP_INDEX_URL", "https://me:s3cret@index.example/simple"), ("PORT", "none"));
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.1.7")]
    [InlineData("::")]
    public void Without_a_key_only_this_machine_may_be_listened_to(string host)
    {
        var fault = Assert.Single(Refused(("HOST", host)).Faults);
        Assert.Contains($"API_KEY is not set and HOST is {host}", fault, StringComparison.Ordinal);
        Assert.Equal(host, Read(servesHttp: true, ("HOST", host), ("API_KEY", "k")).Web.Host);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.10")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public void On_this_machine_alone_no_key_is_needed(string host) => Assert.Equal(host, Read(servesHttp: true, ("HOST", host)).Web.Host);

    [Fact]
    public void A_dyno_without_a_key_does_not_start() => Assert.Contains("API_KEY is not set", Refused(("DYNO", "web.1"), ("PORT", "5000")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_host_that_is_no_address_is_refused() => Assert.Contains("HOST is \"example.com\"", Refused(("HOST", "example.com")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_STDIO_process_needs_no_key_and_reads_no_HTTP_setting() => Assert.Equal(8000, Read(servesHttp: false, ("DYNO", "run.1"), ("PORT", "nonsense"), ("HOST", "0.0.0.0")).Web.Port);

    [Fact]
    public void Keys_have_names_and_only_those_are_shown()
    {
        var keys = Read(servesHttp: true, ("API_KEY", " ci : one , ops:two:three ")).Web.ApiKeys;
        Assert.Equal([new ApiKey("ci", "one"), new ApiKey("ops", "two:three")], keys);
        Assert.Equal("ci ops", string.Join(' ', keys));
        Assert.Equal([new ApiKey("default", "abc")], Read(servesHttp: true, ("API_KEY", "abc")).Web.ApiKeys);
    }

    [Fact]
    public void One_key_alone_has_the_whole_service_and_several_share_it()
    {
        Assert.Equal(new CallerLimits(1000, 0), Read(servesHttp: true, ("API_KEY", "abc")).Web.EachKey);
        var several = Read(servesHttp: true, ("API_KEY", "ci:one,ops:two"), ("WORKER_CONCURRENCY", "9")).Web;
        Assert.Equal((new CallerLimits(4, 6000), 50), (several.EachKey, several.ShareOf(100)));
        Assert.Equal(new CallerLimits(1, 6000), Read(servesHttp: true, ("API_KEY", "ci:one,ops:two"), ("WORKER_CONCURRENCY", "1")).Web.EachKey);
    }

    [Fact]
    public void Limits_hold_for_every_key_or_for_one()
    {
        var web = Read(servesHttp: true, ("API_KEY", "ci:one,ops:two"), ("MAX_CALLS_PER_KEY", "7"), ("MAX_CALLS_PER_MINUTE", "90"), ("KEY_LIMITS", " ops : 32 : 0 ")).Web;
        Assert.Equal(new CallerLimits(7, 90), web.EachKey);
        Assert.Equal(new CallerLimits(32, 0), Assert.Single(web.KeyLimits, limits => limits.Key == "ops").Value);
    }

    [Theory]
    [InlineData("ops:32", "has the entry \"ops:32\"; write name:calls at once:calls per minute")]
    [InlineData("ops:0:60", "has the entry \"ops:0:60\"")]
    [InlineData("ops:1:-1", "has the entry \"ops:1:-1\"")]
    [InlineData("cia:1:1", "names \"cia\", which API_KEY doesn't")]
    [InlineData("ops:1:1,ops:2:2", "names \"ops\" twice")]
    public void Limits_that_can_not_be_used_are_refused(string limits, string words) =>
        Assert.Contains($"KEY_LIMITS {words}", Refused(("API_KEY", "ci:one,ops:two"), ("KEY_LIMITS", limits)).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_names_for_one_key_are_refused_without_showing_it()
    {
        var fault = Refused(("API_KEY", "ci:s3cret,ops:s3cret")).Message;
        Assert.Contains("API_KEY has the same key for \"ci\" and \"ops\"", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_reach_their_place_and_empty_ones_count_as_not_set()
    {
        var settings = Read(
            servesHttp: false, ("EXEC_TIMEOUT_SECONDS", "7"), ("MAX_OUTPUT_BYTES", "2048"), ("WORKER_CONCURRENCY", "3"), ("QUEUE_LIMIT", ""), ("PYTHON", " "),
            ("PACKAGE_CACHE_MAX_MB", "5"), ("WORK_DIR", "relative"), ("PIP_INDEX_URL", "https://index.example"), ("MAX_CODE_BYTES", "99"));
        Assert.Equal((TimeSpan.FromSeconds(7), 2048, 3, 100, "python3"), (settings.Execution.RunTimeout, settings.Execution.MaxOutputBytes, settings.Execution.Concurrency, settings.Execution.QueueLimit, settings.Execution.Python));
        Assert.Equal((TimeSpan.FromSeconds(7), 2048, 99), (settings.Tool.RunTimeout, settings.Tool.MaxOutputBytes, settings.Tool.MaxCodeBytes));
        Assert.Equal(5 * 1024 * 1024, settings.Packages.CacheMaxBytes);
        Assert.Equal(Path.GetFullPath("relative"), settings.Execution.WorkDirectory);
        Assert.Equal("https://index.example", settings.Packages.PipEnvironment["PIP_INDEX_URL"]);
    }

    [Fact]
    public void Defaults_are_those_of_the_options()
    {
        var settings = Read(servesHttp: true);
        var limits = new LimitOptions() with { MemoryBytes = settings.Execution.Limits.MemoryBytes, HostMemoryBytes = settings.Execution.Limits.HostMemoryBytes };
        Assert.Equal(
            new ExecutionOptions() with { Concurrency = settings.Execution.Concurrency, ForkServerBytes = settings.Execution.ForkServerBytes, Limits = limits }, settings.Execution);
        Assert.Equal(new ToolOptions() with { Limits = limits, MostMemoryBytes = limits.MemoryBytes }, settings.Tool);
        Assert.Equal((8000, "127.0.0.1", false), (settings.Web.Port, settings.Web.Host, settings.Web.StdioModeOnly));
        Assert.Equal(settings.Known.Count, settings.Known.Select(known => known.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(null, null, "/tmp")]
    [InlineData("/home/me", null, "/home/me/.cache/codeexec")]
    [InlineData("/root", null, "/var/cache/codeexec")]
    [InlineData("/home/me", "/caches", "/caches/codeexec")]
    public void The_cache_is_where_caches_belong(string? home, string? cacheHome, string begins) =>
        Assert.StartsWith(begins, PackageOptions.DefaultCacheDirectory(home, cacheHome), StringComparison.Ordinal);

    [Theory]
    [InlineData(512, 8, 2)]
    [InlineData(1024, 8, 6)]
    [InlineData(64, 8, 2)]
    [InlineData(1_000_000, 2, 16)]
    [InlineData(1_000_000, 64, 64)]
    public void As_many_jobs_run_at_once_as_memory_and_cores_allow(long megabytes, int cores, int jobs) =>
        Assert.Equal(jobs, HostResources.DefaultConcurrency(megabytes * 1024 * 1024, cores));

    [Theory]
    [InlineData(null, null, 2, 160)]
    [InlineData("64", null, 5, 64)]
    [InlineData("400", null, 1, 320)]
    [InlineData(null, "5", 5, 64)]
    [InlineData(null, "1", 1, 320)]
    [InlineData(null, "1000", 10, 32)]
    [InlineData("100", "7", 3, 100)]
    public void What_all_jobs_may_hold_fits_into_a_small_dyno(string? memory, string? concurrency, int jobs, long megabytes)
    {
        var execution = Read(servesHttp: false, ("DYNO_RAM", "512"), ("MEMORY_LIMIT_MB", memory ?? ""), ("WORKER_CONCURRENCY", concurrency ?? "")).Execution;
        Assert.Equal((jobs, megabytes), (execution.Concurrency, execution.Limits.MemoryBytes / 1024 / 1024));
        Assert.True(execution.Concurrency * execution.Limits.MemoryBytes <= (512 - 192) * 1024 * 1024);
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    public void A_web_process_without_jobs_knows_no_more_of_their_memory_than_it_is_told(bool hasQueue, bool isTold, bool knows)
    {
        var tool = Read(servesHttp: true, ("REDIS_URL", hasQueue ? "redis://localhost" : ""), isTold ? ("MEMORY_LIMIT_MB", "64") : ("PORT", "1")).Tool;
        Assert.Equal(knows, tool.MostMemoryBytes is not null);
    }

    [Theory]
    [InlineData("512", true)]
    [InlineData("a lot", false)]
    [InlineData("-5", false)]
    public void A_dynos_size_bounds_the_memory(string ram, bool counts)
    {
        var machine = HostResources.MemoryBytes(new Dictionary<string, string>(StringComparer.Ordinal));
        var memory = HostResources.MemoryBytes(new Dictionary<string, string>(StringComparer.Ordinal) { ["DYNO_RAM"] = ram });
        Assert.Equal(counts ? Math.Min(machine, 512L * 1024 * 1024) : machine, memory);
    }

    [Fact]
    public async Task A_env_file_is_read_and_the_environment_wins()
    {
        using var folder = new TestFolder();
        folder.Write(".env", "# comment\nEXEC_TIMEOUT_SECONDS=11\nMAX_PACKAGES=2\nMAX_CODE_BYTES=\"500\"\n");
        await using var worker = WorkerProcess.Start(folder, settings: ("EXEC_TIMEOUT_SECONDS", "12"));
        await worker.Lines.OpenAsync();
        await worker.Lines.SendAsync(McpLines.Request(1, "tools/list"), McpLines.Call(2, "x", null, "a", "b", "c"), McpLines.Call(3, new string('x', 501)));
        Assert.Contains("may run for 12 seconds", (await worker.Lines.AnswerAsync(1)).GetRawText(), StringComparison.Ordinal);
        Assert.Contains("3 entries; the limit is 2", (await worker.Lines.AnswerAsync(2)).GetRawText(), StringComparison.Ordinal);
        Assert.Contains("501 bytes; the limit is 500", (await worker.Lines.AnswerAsync(3)).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_with_bad_settings_ends_with_all_of_them_on_stderr_and_nothing_on_stdout()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: false, ("EXEC_TIMEOUT_SECONDS", "0"), ("QUEUE_LIMIT", "many"));
        var (code, stderr) = await worker.ExitAsync();
        Assert.Equal(78, code);
        Assert.Contains("EXEC_TIMEOUT_SECONDS is \"0\"", stderr, StringComparison.Ordinal);
        Assert.Contains("QUEUE_LIMIT is \"many\"", stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", stderr, StringComparison.Ordinal);
        Assert.Empty(worker.Lines.Received);
    }

    private static ServiceSettings Read(bool servesHttp, params (string Name, string Value)[] variables) =>
        ServiceSettings.Read(variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal), servesHttp);

    private static SettingsException Refused(params (string Name, string Value)[] variables) => Assert.Throws<SettingsException>(() => Read(servesHttp: true, variables));
}
