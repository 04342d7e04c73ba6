using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;
using TestFolder = CodeExec.Tests.EndToEnd.TestFolder;

namespace CodeExec.Tests.Queue;

/// <summary>Getting to Redis and being let in: with TLS and a password as on Heroku, and what is said when it fails.</summary>
public sealed class AdmissionTests : IDisposable
{
    // With characters that a URL must escape.
    private const string Password = "p/ss:w@rd-of-redis";
    private const int CanNotBeUsed = 78;

    private readonly TestFolder _folder = new();

    [Theory(Timeout = 120_000)]
    [InlineData("rediss://:{0}@127.0.0.1:{1}")]
    [InlineData("rediss://h:{0}@127.0.0.1:{1}")]
    public async Task A_call_runs_over_tls_with_a_self_signed_chain_and_a_password(string url)
    {
        var (redis, port) = await StartTlsAsync();
        await using var service = await QueueService.StartAsync(redis, Format(url, Password, port));
        var web = await service.AddWebAsync();
        var worker = await service.AddWorkerAsync();

        await service.AnswersAsync();

        foreach (var said in new[] { web.Transcript, worker.Transcript })
            Assert.False(HasPassword(said), said);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("web")]
    [InlineData("worker")]
    public async Task A_self_signed_chain_is_refused_when_a_known_authority_is_demanded(string process)
    {
        var (redis, port) = await StartTlsAsync();
        await using var _ = redis;
        await RefusedAsync(process, Format("rediss://:{0}@127.0.0.1:{1}", Password, port), "REDIS_VERIFY_TLS must be false", ("REDIS_VERIFY_TLS", "true"));
    }

    [Theory(Timeout = 120_000)]
    [InlineData("web", "redis://:not-{0}@127.0.0.1:{1}", "refused the password in REDIS_URL")]
    [InlineData("worker", "redis://:not-{0}@127.0.0.1:{1}", "refused the password in REDIS_URL")]
    [InlineData("worker", "redis://127.0.0.1:{1}", "wants a password and REDIS_URL has none")]
    [InlineData("worker", "redis://:{0}@127.0.0.1:{1}/3", "names the database \"3\"")]
    [InlineData("web", "http://:{0}@127.0.0.1:{1}", "REDIS_URL is no address of a Redis server")]
    public async Task What_can_not_be_used_ends_the_process_with_words_that_help(string process, string url, string words)
    {
        await using var redis = await RedisServer.StartAsync("--requirepass", Password);
        await RefusedAsync(process, Format(url, Password, redis.Port), words);
    }

    [Fact(Timeout = 120_000)]
    public async Task Plain_tcp_to_a_server_that_wants_tls_is_said()
    {
        var (redis, port) = await StartTlsAsync();
        await using var _ = redis;
        await SaysAsync(Format("redis://:{0}@127.0.0.1:{1}", Password, port), "f it wants TLS, REDIS_URL must begin with rediss://");
    }

    [Fact(Timeout = 120_000)]
    public async Task Tls_to_a_server_that_speaks_plain_tcp_is_said()
    {
        await using var redis = await RedisServer.StartAsync("--requirepass", Password);
        await SaysAsync(Format("rediss://:{0}@127.0.0.1:{1}", Password, redis.Port), "f it speaks plain TCP, REDIS_URL must begin with redis://");
    }

    [Fact(Timeout = 120_000)]
    public Task A_host_that_does_not_exist_is_said() =>
        SaysAsync(Format("redis://:{0}@redis.invalid:{1}", Password, 6379), "Redis at redis.invalid:6379 can't be reached");

    [Fact(Timeout = 120_000)]
    public async Task Processes_that_start_before_redis_work_when_it_is_there()
    {
        var redis = await RedisServer.StartAsync();
        await redis.StopAsync();
        await using var service = await QueueService.StartAsync(redis);
        var worker = await service.AddWorkerAsync();
        await worker.Stderr.HasAsync("can't be reached (ConnectionRefused)");
        var web = await service.AddWebAsync();
        Assert.Contains("can't be reached (ConnectionRefused)", web.Transcript, StringComparison.Ordinal);

        await redis.RestartAsync();

        await service.RecoversAsync();
    }

    public void Dispose() => _folder.Dispose();

    // It may pass, so the process goes on.
    private async Task SaysAsync(string url, string words)
    {
        await Checkout.BuiltAsync();
        await using var worker = RunningProgram.StartShell(Checkout.ProcfileLine("worker"), _folder.Settings.With("REDIS_URL", url));
        await worker.Stderr.HasAsync(words);
        Assert.False(HasPassword(worker.Transcript), worker.Transcript);
        await worker.SignalAsync("TERM");
        Assert.Equal(0, (await worker.EndAsync()).ExitCode);
    }

    private async Task RefusedAsync(string process, string url, string words, params (string Name, string Value)[] further)
    {
        await Checkout.BuiltAsync();
        var settings = further.Aggregate(_folder.Settings.With("REDIS_URL", url).With("PORT", "0").With("HOST", "127.0.0.1"), (so, one) => so.With(one.Name, one.Value));
        await using var program = RunningProgram.StartShell(Checkout.ProcfileLine(process), settings);
        var end = await program.EndAsync();
        Assert.True(end.ExitCode == CanNotBeUsed, program.Transcript);
        Assert.Contains(words, end.Stderr, StringComparison.Ordinal);
        Assert.False(HasPassword(program.Transcript), program.Transcript);
    }

    private async Task<(RedisServer Redis, int Port)> StartTlsAsync()
    {
        var port = FreePort.Find();
        return (await RedisServer.StartAsync([.. SelfSignedChain.Create(_folder.Path).RedisOptions(port), "--requirepass", Password]), port);
    }

    private static string Format(string url, string password, int port) =>
        url.Replace("{0}", Uri.EscapeDataString(password), StringComparison.Ordinal).Replace("{1}", $"{port}", StringComparison.Ordinal);

    private static bool HasPassword(string text) =>
        text.Contains(Password, StringComparison.Ordinal) || text.Contains(Uri.EscapeDataString(Password), StringComparison.Ordinal);
}
