namespace CodeExec.Tests.Limits;

/// <summary>
/// Programs that take all they can get. Each has an end of its own far below what would harm this machine: at most 300 processes, 1 GB of
/// memory, 500 MB of disk and 20 seconds, of the clock or of a processor, whichever layer fails.
/// </summary>
internal static class Attack
{
    /// <summary>Those that a limit ends: name, status, program.</summary>
    public static IReadOnlyList<(string Name, string Status, string Code)> Stopped { get; } =
    [
        ("fork bomb", "process_limit", "import os, time\nfor _ in range(8): os.fork()\ntime.sleep(20)"),
        ("fork bomb that hides in sessions of its own", "process_limit", "import os, time\nfor _ in range(6):\n    if os.fork() == 0: os.setsid()\ntime.sleep(20)"),
        ("thread bomb", "process_limit", "import threading, time\nthreading.stack_size(65536)\nfor _ in range(300): threading.Thread(target=time.sleep, args=(20,), daemon=True).start()\ntime.sleep(20)"),
        ("zombies", "process_limit", "import os, time\nfor _ in range(300):\n    if os.fork() == 0: os._exit(0)\ntime.sleep(20)"),
        ("heap", "memory_limit", "import time\nheld = []\nfor _ in range(90): held.append(b'x' * 10_000_000)\ntime.sleep(20)"),
        ("shared pages without a file", "memory_limit", "import mmap, time\nheld = mmap.mmap(-1, 500_000_000)\nfor at in range(0, len(held), 4096): held[at] = 1\ntime.sleep(20)"),
        ("shared memory", "memory_limit", """
            import time
            from multiprocessing.shared_memory import SharedMemory
            held = []
            for _ in range(50):
                held.append(SharedMemory(create=True, size=8_000_000))
                held[-1].unlink()
                held[-1].buf[:] = b'x' * 8_000_000
            time.sleep(20)
            """),
        ("files in memory", "memory_limit", "import os, time\nfor _ in range(50):\n    os.write(os.memfd_create('m'), b'x' * 8_000_000)\ntime.sleep(20)"),
        ("files in /dev/shm without a name", "memory_limit", """
            import os, tempfile, time
            held = [tempfile.TemporaryFile(dir='/dev/shm') for _ in range(50)]
            for file in held: file.write(b'x' * 8_000_000)
            time.sleep(20)
            """),
        ("many children, each below the limit", "memory_limit", "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        held = b'x' * 30_000_000\n        time.sleep(20)\ntime.sleep(20)"),
        ("many files", "disk_limit", "import time\nfor i in range(60): open(str(i), 'wb').write(bytes(8_000_000))\ntime.sleep(20)"),
        ("files whose names are no text", "disk_limit", "import os, time\nos.mkdir(b'\\xff')\nfor i in range(60): open(b'\\xff/\\xfe%d' % i, 'wb').write(bytes(8_000_000))\ntime.sleep(20)"),
        ("files without a name", "disk_limit", "import tempfile, time\nheld = [tempfile.TemporaryFile() for _ in range(50)]\nfor file in held: file.write(bytes(8_000_000)); file.flush()\ntime.sleep(20)"),
        ("empty files", "disk_limit", "import time\nfor i in range(100_000): open(str(i), 'w').close()\ntime.sleep(20)"),
        ("links", "disk_limit", "import os, time\nfor i in range(100_000): os.symlink('/etc', str(i))\ntime.sleep(20)"),
        ("files in folders that can't be read", "disk_limit", """
            import os, time
            os.mkdir('secret')
            for i in range(5): open(f'secret/{i}', 'wb').write(bytes(8_000_000))
            os.chmod('secret', 0)
            time.sleep(20)
            """),
        ("deep folders", "disk_limit", "import os, time\nfor _ in range(2000):\n    os.mkdir('d' * 20)\n    os.chdir('d' * 20)\ntime.sleep(20)"),
        ("processor time", "cpu_limit", "import os\nfor _ in range(2): os.fork()\nwhile sum(os.times()[:2]) < 5: pass"),
        ("both streams without an end", "output_limit", "import sys, time\nend = time.monotonic() + 20\nwhile time.monotonic() < end: print('x' * 100_000); print('y' * 100_000, file=sys.stderr)"),
        ("a line without an end", "output_limit", "import sys, time\nend = time.monotonic() + 20\nwhile time.monotonic() < end: sys.stdout.write('x' * 100_000)"),
    ];

    /// <summary>Those that the kernel refuses: name, the end of stderr, program.</summary>
    public static IReadOnlyList<(string Name, string Error, string Code)> Refused { get; } =
    [
        ("one large file", "File too large", "with open('large', 'wb') as file:\n    for _ in range(500): file.write(bytes(1_000_000)); file.flush()"),
        ("a file of holes", "File too large", "open('hollow', 'wb').truncate(1 << 40)"),
        ("descriptors", "Too many open files", "import os\nfor _ in range(1000): os.dup(0)"),
        ("descriptors of pipes", "Too many open files", "import os\nfor _ in range(1000): os.pipe()"),
        ("more address space than there is", "MemoryError", "held = bytearray(1 << 45)"),
    ];

    /// <summary>Those that only time ends.</summary>
    public static IReadOnlyList<(string Name, string Code)> Endless { get; } =
    [
        ("a long computation in C", "held = 3 ** 60_000_000"),
        ("SIGSTOP", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
        ("children that stop and ignore", "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(20)"),
        ("a sleep after the clock was set", "import time\ntry: time.clock_settime(time.CLOCK_REALTIME, time.time())\nexcept OSError: pass\ntime.sleep(20)"),
        ("an exception whose text never ends", "class Crafted(Exception):\n    def __str__(self):\n        while True: pass\nraise Crafted()"),
        ("an exit code whose text never ends", "class Crafted:\n    def __str__(self):\n        while True: pass\nraise SystemExit(Crafted())"),
        ("an object that stays when it is let go", "class Stays:\n    def __del__(self):\n        while True: pass\nheld = Stays()"),
        ("an end that is put off", "import atexit\n@atexit.register\ndef stay():\n    while True: pass"),
        ("a race for the processor", """
            import os, time
            for act in (lambda: os.nice(-20), lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)), lambda: os.sched_setaffinity(0, {0})):
                try: act()
                except OSError: pass
            for _ in range(3): os.fork()
            end = time.monotonic() + 5
            while time.monotonic() < end: pass
            """),
    ];

    /// <summary>Those that end by themselves, unless a limit is faster, and leave something behind.</summary>
    public static IReadOnlyList<(string Name, string Code)> Leaving { get; } =
    [
        ("2,000 levels of folders", "import os\nfor _ in range(2000):\n    os.mkdir('d' * 20)\n    os.chdir('d' * 20)\nprint('left')"),
        ("5,000 files in folders without rights", "import os\nfor i in range(100):\n    os.mkdir(str(i))\n    for j in range(50): open(f'{i}/{j}', 'w').close()\n    os.chmod(str(i), 0)\nprint('left')"),
        ("a child that prints on", "import os, time\nprint('left', flush=True)\nif os.fork() == 0:\n    end = time.monotonic() + 20\n    while time.monotonic() < end: os.write(1, b'x' * 1000)"),
        ("a child that sleeps on", "import os, time\nprint('left', flush=True)\nif os.fork() == 0: time.sleep(20)"),
    ];
}
