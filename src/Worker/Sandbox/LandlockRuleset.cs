using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// A Landlock ruleset (landlock(7)): what whoever enters it, and all that it starts, can still reach. Made here once, entered by as many
/// processes as it is handed to. Any thread.
/// </summary>
internal sealed unsafe class LandlockRuleset : IDisposable
{
    // The file system's rights, from the kernel's header. Each ABI knows more of them.
    private const ulong Execute = 1, WriteFile = 1 << 1, ReadFile = 1 << 2, ReadFolder = 1 << 3, RemoveFolder = 1 << 4, RemoveFile = 1 << 5;
    private const ulong MakeFolder = 1 << 7, MakeFile = 1 << 8, MakeSocket = 1 << 9, MakeFifo = 1 << 10, MakeLink = 1 << 12;
    private const ulong Refer = 1 << 13, Truncate = 1 << 14, DeviceControl = 1 << 15;

    private const ulong Read = Execute | ReadFile | ReadFolder;
    private const ulong Write = WriteFile | RemoveFolder | RemoveFile | MakeFolder | MakeFile | MakeSocket | MakeFifo | MakeLink | Refer | Truncate | DeviceControl;

    // Names of other programs' memory can't be listed there.
    private const ulong Share = WriteFile | ReadFile | RemoveFile | MakeFile | Truncate | DeviceControl;

    // What a rule on something that is no folder may grant.
    private const ulong OfFiles = Execute | WriteFile | ReadFile | Truncate | DeviceControl;

    private const ulong BindTcp = 1, ConnectTcp = 2;
    private const ulong AbstractSockets = 1, Signals = 2;
    private const int PathRule = 1, PortRule = 2;

    private readonly ulong _handled;

    private LandlockRuleset(int descriptor, ulong handled) => (Descriptor, _handled) = (descriptor, handled);

    /// <summary>The kernel's version of the interface; 0 where there is none, or where it is not allowed.</summary>
    public static int Version { get; } = (int)Math.Max(0, Kernel.Call(Kernel.LandlockCreateRuleset, 0, 0, 1, 0));

    /// <summary>To be handed to who enters it; −1 once disposed.</summary>
    public int Descriptor { get; private set; }

    /// <summary>Makes one from what may be reached.</summary>
    /// <param name="reach">Files and ports.</param>
    /// <param name="scoped">Whether signals and abstract sockets end at who entered it, where the kernel knows how.</param>
    /// <exception cref="Win32Exception">The kernel has no Landlock, or no descriptor is left.</exception>
    public static LandlockRuleset Create(Reach reach, bool scoped)
    {
        var attributes = stackalloc ulong[3];
        attributes[0] = Version switch { 1 => Refer - 1, 2 => (Refer << 1) - 1, 3 or 4 => (Truncate << 1) - 1, _ => (DeviceControl << 1) - 1 };
        attributes[1] = Version < 4 ? 0 : reach.TcpPorts is null ? 0 : reach.Listens ? ConnectTcp : BindTcp | ConnectTcp;
        attributes[2] = scoped ? AbstractSockets | Signals : 0;
        nint size = Version switch { < 4 => 8, < 6 => 16, _ => 24 };
        var descriptor = (int)Kernel.Call(Kernel.LandlockCreateRuleset, (nint)attributes, size, 0, 0);
        if (descriptor < 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), "No Landlock ruleset could be made.");
        var ruleset = new LandlockRuleset(descriptor, attributes[0]);
        try
        {
            foreach (var path in reach.Readable) ruleset.Allow(path, Read);
            foreach (var path in reach.Writable) ruleset.Allow(path, Read | Write);
            foreach (var path in reach.Shared) ruleset.Allow(path, Share);
            if (attributes[1] != 0)
                foreach (var port in reach.TcpPorts!) ruleset.AllowPort((ulong)port);
            return ruleset;
        }
        catch
        {
            ruleset.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Descriptor >= 0) _ = LibC.Close(Descriptor);
        Descriptor = -1;
    }

    // What isn't there, or can't be reached by us, is nothing to grant.
    private void Allow(string path, ulong rights)
    {
        var place = Kernel.Open(path, Kernel.OpenPathOnly | Kernel.OpenCloseOnExec);
        if (place < 0) return;
        try
        {
            // struct landlock_path_beneath_attr: packed.
            var rule = stackalloc byte[12];
            BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(rule, 8), rights & _handled & (Directory.Exists(path) ? ulong.MaxValue : OfFiles));
            BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(rule + 8, 4), place);
            Add(PathRule, rule);
        }
        finally
        {
            _ = LibC.Close(place);
        }
    }

    private void AllowPort(ulong port)
    {
        var rule = stackalloc ulong[2];
        (rule[0], rule[1]) = (ConnectTcp, port);
        Add(PortRule, (byte*)rule);
    }

    private void Add(int kind, byte* rule)
    {
        if (Kernel.Call(Kernel.LandlockAddRule, Descriptor, kind, (nint)rule, 0) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "A Landlock rule was refused.");
    }
}
