using System.ComponentModel;
using System.Runtime.InteropServices;

namespace CodeExec.Worker.Processes;

/// <summary>
/// One call of posix_spawn(3): a new session and process group, default signals, stdin from /dev/null, the given
/// descriptors from 1 on, no other descriptor. Needs glibc 2.34 (2021). Any thread.
/// </summary>
/// <remarks>
/// .NET's Process class can't be used here: it starts no session, so a job's descendants could not be killed as a group, and it
/// reports death by a signal as an exit code, so <c>exit(137)</c> and SIGKILL look alike.
/// </remarks>
internal static unsafe class ProcessSpawn
{
    /// <summary>Starts the process and returns its pid, which is also its session and process group.</summary>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <param name="command">What to start.</param>
    /// <param name="descriptors">What it gets as its numbers 1, 2, …; none of them is among those numbers here.</param>
    public static int Start(ChildCommand command, ReadOnlySpan<int> descriptors)
    {
        var actions = stackalloc byte[LibC.FileActionsSize];
        var attributes = stackalloc byte[LibC.AttributesSize];
        var signals = stackalloc byte[LibC.SignalSetSize];
        using var texts = new NativeTexts();

        Check(LibC.FileActionsInit(actions));
        Check(LibC.AttributesInit(attributes));
        try
        {
            Check(LibC.FileActionsAddOpen(actions, 0, texts.Add("/dev/null"), LibC.OpenReadOnly, 0));
            for (var i = 0; i < descriptors.Length; i++) Check(LibC.FileActionsAddDup2(actions, descriptors[i], i + 1));
            Check(LibC.FileActionsAddChdir(actions, texts.Add(command.WorkingDirectory)));
            Check(LibC.FileActionsAddCloseFrom(actions, descriptors.Length + 1));

            // .NET ignores SIGPIPE and blocks others at times; a program must start with the defaults.
            Check(LibC.SigFillSet(signals));
            Check(LibC.AttributesSetSignalDefault(attributes, signals));
            Check(LibC.SigEmptySet(signals));
            Check(LibC.AttributesSetSignalMask(attributes, signals));
            Check(LibC.AttributesSetFlags(attributes, LibC.SpawnSetSession | LibC.SpawnSetSignalDefault | LibC.SpawnSetSignalMask));

            int pid;
            var error = LibC.PosixSpawn(
                &pid, texts.Add(command.Executable), actions, attributes,
                texts.AddList([command.Executable, .. command.Arguments]),
                texts.AddList([.. command.Environment.Select(pair => $"{pair.Key}={pair.Value}")]));
            if (error != 0)
                throw new Win32Exception(error, $"{command.Executable} could not be started in {command.WorkingDirectory}: {Marshal.GetPInvokeErrorMessage(error)}.");
            return pid;
        }
        finally
        {
            _ = LibC.FileActionsDestroy(actions);
            _ = LibC.AttributesDestroy(attributes);
        }
    }

    private static void Check(int error)
    {
        if (error != 0) throw new Win32Exception(error);
    }

    /// <summary>C strings that live as long as the call.</summary>
    private sealed class NativeTexts : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Add(string text)
        {
            var block = Marshal.StringToCoTaskMemUTF8(text);
            _blocks.Add(block);
            return (byte*)block;
        }

        public byte** AddList(string[] texts)
        {
            var block = Marshal.AllocCoTaskMem((texts.Length + 1) * sizeof(byte*));
            _blocks.Add(block);
            var list = (byte**)block;
            for (var i = 0; i < texts.Length; i++) list[i] = Add(texts[i]);
            list[texts.Length] = null;
            return list;
        }

        public void Dispose()
        {
            foreach (var block in _blocks) Marshal.FreeCoTaskMem(block);
        }
    }
}
