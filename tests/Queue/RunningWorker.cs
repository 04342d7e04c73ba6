using CodeExec.Shared.Queue;

namespace CodeExec.Tests.Queue;

/// <summary>One side of an engine, open until it is disposed.</summary>
internal interface IOpenEngine<out TSide> : IAsyncDisposable
{
    TSide Side { get; }
}

/// <summary>A receiver that runs; disposing stops it in order and waits.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly IOpenEngine<IJobReceiver> _engine;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;

    private RunningWorker(IOpenEngine<IJobReceiver> engine, IJobHandler handler)
    {
        _engine = engine;
        _receiving = engine.Side.RunAsync(handler, _stop.Token);
    }

    public static Task<RunningWorker> StartAsync(IOpenEngine<IJobReceiver> engine, IJobHandler handler) => Task.FromResult(new RunningWorker(engine, handler));

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _receiving.WaitAsync(TimeSpan.FromSeconds(40));
        await _engine.DisposeAsync();
        _stop.Dispose();
    }
}
