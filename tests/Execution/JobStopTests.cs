using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

public sealed class JobStopTests
{
    [Fact]
    public async Task The_first_reason_stays()
    {
        using var stop = new JobStop();
        Assert.Null(stop.Reason);
        stop.Request(StopReason.ClientCancelled);
        stop.Request(StopReason.ShuttingDown);
        Assert.Equal(StopReason.ClientCancelled, stop.Reason);
        await Eventually.HoldsAsync(() => stop.Token.IsCancellationRequested, "a cancelled token");
    }

    [Fact]
    public void A_cancelled_token_gives_its_reason()
    {
        using var shutdown = new CancellationTokenSource();
        using var stop = new JobStop().On(CancellationToken.None, StopReason.ClientGone).On(shutdown.Token, StopReason.ShuttingDown);
        shutdown.Cancel();
        Assert.Equal(StopReason.ShuttingDown, stop.Reason);
    }

    [Fact]
    public void A_token_cancelled_before_counts()
    {
        using var stop = new JobStop().On(new CancellationToken(canceled: true), StopReason.ClientGone);
        Assert.Equal(StopReason.ClientGone, stop.Reason);
    }

    [Fact]
    public void A_request_that_comes_after_the_end_changes_nothing()
    {
        using var shutdown = new CancellationTokenSource();
        var stop = new JobStop().On(shutdown.Token, StopReason.ShuttingDown);
        stop.Dispose();
        stop.Request(StopReason.ClientCancelled);
        shutdown.Cancel();
        Assert.Null(stop.Reason);
    }

    [Fact]
    public void Requests_and_the_end_may_cross()
    {
        for (var i = 0; i < 500; i++)
        {
            using var shutdown = new CancellationTokenSource();
            var stop = new JobStop().On(shutdown.Token, StopReason.ShuttingDown);
            Parallel.Invoke(() => stop.Request(StopReason.ClientCancelled), shutdown.Cancel, stop.Dispose);
            Assert.NotEqual(StopReason.ClientGone, stop.Reason);
        }
    }
}
