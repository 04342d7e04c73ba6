using System.ComponentModel;
using System.Runtime.InteropServices;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Forking;

/// <summary>
/// The right to run one job, which exactly one side gets: the forked child that takes it, or the worker when it has waited long enough. An
/// eventfd(2) that holds 1; who reads it first has it, and the kernel sees to it that nobody else does. Any thread.
/// </summary>
internal sealed class JobClaim : IDisposable
{
    private readonly Lock _lock = new();
    private int _descriptor;

    private JobClaim(int descriptor) => _descriptor = descriptor;

    /// <summary>To be handed on with the job.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Makes one.</summary>
    /// <exception cref="Win32Exception">No descriptor is left.</exception>
    public static JobClaim Open()
    {
        var descriptor = LibC.EventDescriptor(1, LibC.EventFlags);
        return descriptor >= 0
            ? new JobClaim(descriptor)
            : throw new Win32Exception(Marshal.GetLastPInvokeError(), "No event descriptor could be made; most often the limit on open files (ulimit -n) is reached.");
    }

    /// <summary>Takes the job back.</summary>
    /// <returns>Whether nobody has it, or ever will; false when a child was first.</returns>
    public unsafe bool TryTakeBack()
    {
        lock (_lock)
        {
            ulong count;
            return _descriptor >= 0 && LibC.Read(_descriptor, (byte*)&count, sizeof(ulong)) == sizeof(ulong);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_descriptor >= 0) _ = LibC.Close(_descriptor);
            _descriptor = -1;
        }
    }
}
