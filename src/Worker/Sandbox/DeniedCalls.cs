using System.Runtime.InteropServices;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// The system calls that no program under execution gets: numbers of one architecture each, from the kernel's tables. What isn't here is
/// allowed: a list of what programs may call would break some of them at every new C library.
/// </summary>
internal sealed record DeniedCalls
{
    /// <summary>What the kernel says when it is asked by this architecture's calls (AUDIT_ARCH of audit.h).</summary>
    public required uint Architecture { get; init; }

    /// <summary>Whether numbers from 0x40000000 on are calls of another ABI (x32).</summary>
    public bool HasX32 { get; init; }

    /// <summary>Never: other processes' memory, mounts, kernel keys, modules, clocks, namespaces, and the kernel's least tested doors.</summary>
    public required IReadOnlyList<int> Always { get; init; }

    /// <summary>Answered as if the kernel had none: programs know what to do without. clone3, whose flags can't be looked at, and what stays behind a process.</summary>
    public required IReadOnlyList<int> AsMissing { get; init; }

    /// <summary>Calls whose first argument names a process: only 0, the caller itself.</summary>
    public required IReadOnlyList<int> FirstMustBeSelf { get; init; }

    /// <summary>The same with the second argument.</summary>
    public required IReadOnlyList<int> SecondMustBeSelf { get; init; }

    /// <summary>Calls whose first argument names a process that must not be the worker's, nor all.</summary>
    public required IReadOnlyList<int> Signals { get; init; }

    /// <summary>clone, with its flags first.</summary>
    public required int NewProcess { get; init; }

    /// <summary>ioctl, with its request second.</summary>
    public required int DeviceControl { get; init; }

    /// <summary>socket, with family and type first.</summary>
    public required int Socket { get; init; }

    private static DeniedCalls X64 { get; } = new()
    {
        Architecture = 0xC000003E,
        HasX32 = true,
        Always =
        [
            101, 310, 311, 312, 440, 438, // ptrace, process_vm_readv, process_vm_writev, kcmp, process_madvise, pidfd_getfd
            165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442, // mount, umount2, pivot_root, chroot, open_tree … fspick, mount_setattr
            272, 308, 303, 304, // unshare, setns, name_to_handle_at, open_by_handle_at
            321, 323, 298, 425, 426, 427, // bpf, userfaultfd, perf_event_open, io_uring_setup, _enter, _register
            248, 249, 250, // add_key, request_key, keyctl
            175, 313, 176, 246, 320, // init_module, finit_module, delete_module, kexec_load, kexec_file_load
            169, 167, 168, 163, 103, 179, // reboot, swapon, swapoff, acct, syslog, quotactl
            164, 227, 305, 159, // settimeofday, clock_settime, clock_adjtime, adjtimex
            170, 171, 135, 300, 256, 279, // sethostname, setdomainname, personality, fanotify_init, migrate_pages, move_pages
            172, 173, 154, // iopl, ioperm, modify_ldt
        ],
        AsMissing = [435, 29, 64, 68, 240], // clone3, shmget, semget, msgget, mq_open
        FirstMustBeSelf = [302, 203, 144, 142, 314], // prlimit64, sched_setaffinity, _setscheduler, _setparam, _setattr
        SecondMustBeSelf = [141, 251], // setpriority, ioprio_set
        Signals = [62, 200, 234, 129, 297, 434], // kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_open
        NewProcess = 56,
        DeviceControl = 16,
        Socket = 41,
    };

    private static DeniedCalls Arm64 { get; } = new()
    {
        Architecture = 0xC00000B7,
        Always =
        [
            117, 270, 271, 272, 440, 438,
            40, 39, 41, 51, 428, 429, 430, 431, 432, 433, 442,
            97, 268, 264, 265,
            280, 282, 241, 425, 426, 427,
            217, 218, 219,
            105, 273, 106, 104, 294,
            142, 224, 225, 89, 116, 60,
            170, 112, 266, 171,
            161, 162, 92, 262, 238, 239,
        ],
        AsMissing = [435, 194, 190, 186, 180],
        FirstMustBeSelf = [261, 122, 119, 118, 274],
        SecondMustBeSelf = [140, 30],
        Signals = [129, 130, 131, 138, 240, 434],
        NewProcess = 220,
        DeviceControl = 29,
        Socket = 198,
    };

    /// <summary>This machine's; null on others than x86-64 and aarch64.</summary>
    public static DeniedCalls? OfThisMachine => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => X64,
        System.Runtime.InteropServices.Architecture.Arm64 => Arm64,
        _ => null,
    };
}
