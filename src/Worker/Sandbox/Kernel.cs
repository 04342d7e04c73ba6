using System.Runtime.InteropServices;

namespace CodeExec.Worker.Sandbox;

/// <summary>The system calls of the sandbox that neither .NET nor the C library has a function for; numbers that hold on x86-64 and aarch64.</summary>
internal static unsafe partial class Kernel
{
    public const nint LandlockCreateRuleset = 444;
    public const nint LandlockAddRule = 445;

    public const int SetDumpable = 4;
    public const int GetSeccomp = 21;
    public const int SetChildSubreaper = 36;

    public const int OpenPathOnly = 0x200000;
    public const int OpenCloseOnExec = 0x80000;

    /// <summary>syscall(2) with pointers and numbers; unused ones are zero.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint Call(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwnerOfLink(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(int descriptor, uint user, uint group);
}
