using System.ComponentModel;

namespace CodeExec.Worker.Processes;

/// <summary>Holds a child up until it may go on (python/confine.py reads one byte). Closed without it, the child ends. For one caller at a time.</summary>
internal sealed class Gate : IDisposable
{
    private readonly int _writeEnd;
    private int _readEnd;
    private bool _closed;

    private Gate(int readEnd, int writeEnd) => (_readEnd, _writeEnd) = (readEnd, writeEnd);

    /// <summary>The descriptor that the child waits at.</summary>
    public int Descriptor => _readEnd;

    /// <summary>Makes one.</summary>
    /// <exception cref="Win32Exception">No descriptor is left.</exception>
    public static Gate Make()
    {
        var (readEnd, writeEnd) = Pipe.OpenEnds();
        return new Gate(readEnd, writeEnd);
    }

    /// <summary>The child has its own: with ours open, nobody would notice that it is gone.</summary>
    public void HandedOn()
    {
        _ = LibC.Close(_readEnd);
        _readEnd = -1;
    }

    /// <summary>Lets the child go on.</summary>
    /// <returns>False when it is gone.</returns>
    public unsafe bool TryOpen()
    {
        byte word = 1;
        return LibC.Write(_writeEnd, &word, 1) == 1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        if (_readEnd >= 0) HandedOn();
        _ = LibC.Close(_writeEnd);
    }
}
