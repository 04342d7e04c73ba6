namespace CodeExec.Bench;

/// <summary>Programs that take all they can get. Each ends by itself, at 200 processes, 600 MB or 10 seconds, if no limit ends it before.</summary>
internal static class HostileProgram
{
    /// <summary>Tight limits for whoever runs these.</summary>
    public static (string Name, string Value)[] Settings { get; } =
        [("MEMORY_LIMIT_MB", "128"), ("PROCESS_LIMIT", "32"), ("DISK_LIMIT_MB", "24"), ("FILE_SIZE_LIMIT_MB", "8"), ("OPEN_FILES_LIMIT", "64"), ("KILL_GRACE_SECONDS", "0"), ("EXEC_TIMEOUT_SECONDS", "10")];

    public const string ForkBomb = "import os, time\nfor _ in range(7): os.fork()\ntime.sleep(10)";

    public const string MemoryHog = "import time\nheld = [b'x' * 10_000_000 for _ in range(60)]\ntime.sleep(10)";

    public const string EndlessPrinter = "import time\nend = time.monotonic() + 10\nwhile time.monotonic() < end: print('x' * 1000)";

    /// <summary>One of each kind.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        ForkBomb,
        MemoryHog,
        EndlessPrinter,
        "import threading, time\nthreading.stack_size(65536)\nfor _ in range(200): threading.Thread(target=time.sleep, args=(10,), daemon=True).start()\ntime.sleep(10)",
        "import os, time\nfor _ in range(200):\n    if os.fork() == 0: os._exit(0)\ntime.sleep(10)",
        "import os, time\nfor _ in range(50): os.write(os.memfd_create('m'), b'x' * 8_000_000)\ntime.sleep(10)",
        "import time\nfor i in range(50): open(str(i), 'wb').write(bytes(8_000_000))\ntime.sleep(10)",
        "import os\nfor i in range(2000): os.symlink('/etc', str(i))\nfor i in range(300): os.mkdir('d'); os.chdir('d')",
        "import os\nfor _ in range(1000): os.dup(0)",
        "open('large', 'wb').truncate(1 << 40)",
        "import os, time\nif os.fork() == 0: time.sleep(10)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    ];
}
