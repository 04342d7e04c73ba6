using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Calls that can't run now: how long they wait, and what they are told.</summary>
public sealed class PatienceTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_call_past_the_queues_limit_is_answered_busy_at_once()
    {
        await using var service = await QueueService.StartAsync();
        await service.AddWebAsync(settings => settings.With("QUEUE_LIMIT", "2"));
        using var first = await service.CallAsync(service.Ledger.Short("first"));
        using var second = await service.CallAsync(service.Ledger.Short("second"));
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue that holds both");

        using var third = await service.CallAsync(service.Ledger.Short("third"));
        var busy = await third.AnswerAsync();
        Assert.True(busy.IsError, $"{busy}");
        Assert.Contains("busy: 2 calls wait (QUEUE_LIMIT), which is the limit", busy.Text, StringComparison.Ordinal);

        await service.AddWorkerAsync();
        Assert.Equal("started first", (await first.AnswerAsync()).Stdout);
        Assert.Equal("started second", (await second.AnswerAsync()).Stdout);
        await service.AnswersAsync();
        Assert.Equal(["first", "second"], service.Ledger.Names().Order());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_call_that_waited_too_long_is_told_so_and_never_runs()
    {
        await using var service = await QueueService.StartAsync();
        await service.AddWebAsync(settings => settings.With("QUEUE_TIMEOUT_SECONDS", "1"));
        var patient = await service.AddWebAsync();
        using var call = await service.CallAsync(service.Ledger.Short("forgotten"));
        var busy = await call.AnswerAsync();
        Assert.True(busy.IsError, $"{busy}");
        Assert.Contains("no worker took this call within 1 s, the limit (QUEUE_TIMEOUT_SECONDS)", busy.Text, StringComparison.Ordinal);

        await service.AddWorkerAsync();
        await service.AnswersAsync(patient);
        Assert.Empty(service.Ledger.Names());
        Assert.Empty(await service.Redis.KeysAsync("codeexec:job:*"));
    }
}
