using System.Runtime.InteropServices;

namespace CodeExec.Cli;

/// <summary>
/// Turns the first Ctrl-C, SIGTERM or SIGHUP into a request to end in order. A second one ends this process at once, in case the order
/// takes too long for the person who waits.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _request;
    private int _signals;

    /// <summary>Listens until it is disposed.</summary>
    /// <param name="request">What ends the work; called once, on another thread.</param>
    public Interruption(Action request)
    {
        _request = request;
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) > 1) return;
        context.Cancel = true;
        _request();
    }
}
