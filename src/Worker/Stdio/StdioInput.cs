using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CodeExec.Worker.Stdio;

/// <summary>Standard input as bytes, also where it is a terminal: <c>heroku run</c> without <c>--no-tty</c> puts one between a client and this process.</summary>
/// <remarks>
/// A terminal left to itself repeats what it is sent and cuts lines at 4,096 bytes.
/// </remarks>
internal sealed partial class StdioInput : IDisposable
{
    private const int Now = 0;
    private const uint LineByLine = 2;
    private const uint Echo = 8;
    private readonly Terminal? _before;

    private StdioInput(Stream bytes, Terminal? before) => (Bytes, _before) = (bytes, before);

    /// <summary>What comes in.</summary>
    public Stream Bytes { get; }

    /// <summary>Whether it is a terminal.</summary>
    public bool IsTerminal => _before is not null;

    /// <summary>Opens it, and switches a terminal to passing on bytes as they come.</summary>
    public static StdioInput Open()
    {
        var bytes = StandardStream.Input();
        if (Console.IsInputRedirected || GetTerminal(0, out var before) != 0) return new StdioInput(bytes, null);
        // Wait for one byte, for as long as it takes: what the terminal has set already.
        SetTerminal(0, Now, before with { Local = before.Local & ~(LineByLine | Echo) });
        return new StdioInput(bytes, before);
    }

    /// <summary>Gives a terminal back as it was.</summary>
    public void Dispose()
    {
        if (_before is { } before) SetTerminal(0, Now, before);
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetTerminal(int descriptor, out Terminal terminal);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetTerminal(int descriptor, int when, in Terminal terminal);

    // struct termios of Linux.
    [StructLayout(LayoutKind.Sequential)]
    private record struct Terminal
    {
        public uint Input;
        public uint Output;
        public uint Control;
        public uint Local;
        public ControlCharacters Characters;
        public uint InputSpeed;
        public uint OutputSpeed;
    }

    // The line discipline, 32 control characters and what fills the last word: nine words.
    [InlineArray(9)]
    private struct ControlCharacters
    {
        private uint _first;
    }
}
