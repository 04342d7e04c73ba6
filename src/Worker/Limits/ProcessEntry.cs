using System.Runtime.InteropServices;

namespace CodeExec.Worker.Limits;

/// <summary>One process as /proc/PID/stat shows it (proc_pid_stat(5)).</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Parent">Who reaps it.</param>
/// <param name="Session">The session's leader.</param>
/// <param name="CpuTicks">Its own processor time and that of the children it has reaped, in clock ticks.</param>
/// <param name="Threads">Its threads; 1 after its end, while nobody has reaped it.</param>
/// <param name="StartTicks">When it was started; tells it from a later one of the same number.</param>
/// <param name="ResidentBytes">Memory that it has mapped and that is there, shared or not.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ProcessEntry(int Pid, int Parent, int Session, long CpuTicks, int Threads, long StartTicks, long ResidentBytes);
