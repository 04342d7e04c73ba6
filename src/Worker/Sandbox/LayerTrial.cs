using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// Has the layers tried once, beside the first calls (what can be known without trying is known before), and says what came of it. A trial that
/// came to no end is made again, a few times; until one does, no layer is given up. Any thread.
/// </summary>
internal sealed partial class LayerTrial(SandboxPlan plan, TimeProvider time, ILogger<LayerTrial> log) : IAsyncDisposable
{
    // A host that is out of memory or processes at its start has most often both a little later.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource<SettingsException> _unfit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _again = Task.CompletedTask;
    private int _begun;

    /// <summary>Done when a layer that is demanded turns out to be refused, with what to tell.</summary>
    public Task<SettingsException> Unfit => _unfit.Task;

    /// <summary>Tries them; done when that is. From the second call on, nothing happens. Throws nothing.</summary>
    /// <param name="interpreter">The Python that applies them.</param>
    /// <param name="cancel">Ends the trial.</param>
    public async Task BeginAsync(string interpreter, CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _begun, 1) == 1) return;
        if (!await TryAsync(interpreter, cancel, Pauses[0])) _again = RepeatAsync(interpreter);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _again.WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task RepeatAsync(string interpreter)
    {
        for (var made = 0; made < Pauses.Length; made++)
        {
            await Task.Delay(Pauses[made], time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_end.IsCancellationRequested) return;
            if (await TryAsync(interpreter, _end.Token, made + 1 < Pauses.Length ? Pauses[made + 1] : null)) return;
        }
    }

    private async Task<bool> TryAsync(string interpreter, CancellationToken cancel, TimeSpan? pause)
    {
        try
        {
            if (await plan.TryAsync(interpreter, cancel) is { } reason)
            {
                LogUnfinished(reason, pause is { } after ? $"in {after.TotalSeconds:0} s" : "at the next start");
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
            return true;
        }
        Tell();
        if (plan.Objection is { } objection) _unfit.TrySetResult(objection);
        return true;
    }

    private void Tell()
    {
        var layers = plan.Layers.ToLookup(finding => finding.State, finding => finding.State is LayerState.Off ? $"{finding.Layer.Name} ({finding.Detail})" : finding.Layer.Name);
        LogLayers(string.Join(", ", layers[LayerState.On]));
        if (plan.Mode is SandboxMode.Off) LogOff();
        else if (layers[LayerState.Off].Any()) LogMissing(string.Join("; ", layers[LayerState.Off]));
    }

    [LoggerMessage(430, LogLevel.Information, "Code is confined by: {Layers}")]
    private partial void LogLayers(string layers);

    [LoggerMessage(431, LogLevel.Warning, "This host lacks layers of the sandbox: {Layers}. SECURITY.md says what that leaves open")]
    private partial void LogMissing(string layers);

    [LoggerMessage(432, LogLevel.Warning, "SANDBOX=off: code under execution can read this service's settings and files, change them, and end it. Only for code that you wrote yourself")]
    private partial void LogOff();

    [LoggerMessage(443, LogLevel.Warning, "The layers of the sandbox could not be tried: {Reason} Until they are, which is done again {Again}, each is applied where the kernel takes it")]
    private partial void LogUnfinished(string reason, string again);
}
