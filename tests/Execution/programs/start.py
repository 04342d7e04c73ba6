#: The names that a program starts with
for name in list(globals()): print(name, "job" if name in ("__file__", "__loader__") else repr(globals()[name]))

#: The module of a program
import __main__, sys
print(__main__ is sys.modules["__main__"], __name__, __main__.__dict__ is globals(), type(__main__))
print(__file__, __spec__, __package__, __cached__, __doc__, __annotations__)
print(type(__loader__).__name__, __loader__.name, __loader__.path, __loader__.get_source("__main__")[:10])

#: The docstring and annotations of a program
"""What it does."""
count: int = 1
print(__doc__, __annotations__)

#: The builtins of a program
import builtins
print(__builtins__ is builtins, "exit" in dir(builtins), "copyright" in dir(builtins), len(dir(builtins)))

#: Arguments and path
import os, sys
print(sys.argv, sys.orig_argv, sys.path[0] == os.getcwd(), sys.path[1:], sys.executable, sys.prefix, sys.base_prefix)

#: The interpreter's switches
import sys
print(sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, sys.pycache_prefix, sys.getswitchinterval())
print(sys.getrecursionlimit(), sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.int_info)
print(sys.gettrace(), sys.getprofile(), sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__, sys.breakpointhook is sys.__breakpointhook__)
print(hasattr(sys, "last_type"), hasattr(sys, "last_value"), hasattr(sys, "ps1"), sys.exc_info(), sys.unraisablehook is sys.__unraisablehook__)

#: The environment variables
import os
for name in sorted(os.environ): print(name, os.environ[name])
print(sorted(os.environb) == sorted(os.fsencode(name) for name in os.environ))

#: The environment variables of what it starts
import os, subprocess
print(*sorted(set(subprocess.run(["/usr/bin/env"], capture_output=True, text=True).stdout.split("\n"))), sep="\n")

#: The folder that it works in
import os
print(os.getcwd(), os.listdir(), oct(os.umask(0)), os.environ["HOME"] == os.getcwd(), os.path.expanduser("~"))

#: Open descriptors
import os
for name in sorted(os.listdir("/proc/self/fd")):
    try: print(name, os.readlink("/proc/self/fd/" + name).split(":")[0], os.get_inheritable(int(name)))
    except OSError: pass

#: Signals and their handlers
import signal
for number in sorted(signal.valid_signals()):
    if (handler := signal.getsignal(number)) is not signal.SIG_DFL: print(number, handler)
print(*(line for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn", "SigCgt", "Threads", "NoNewPrivs", "Uid", "CapEff"))))
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getitimer(signal.ITIMER_REAL))

#: Its session and group
import os
# A program is nicer once it has run for 5 ms.
print(os.getsid(0) == os.getpid() == os.getpgid(0), os.nice(0) in (0, 10), os.sched_getaffinity(0))
try: os.wait()
except ChildProcessError as none: print(none)

#: Limits
import resource
for name in sorted(dir(resource)):
    if name.startswith("RLIMIT_"): print(name, resource.getrlimit(getattr(resource, name)))

#: Standard streams
import sys
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream, stream.fileno(), stream.isatty(), stream.line_buffering, stream.write_through, stream.encoding, stream.errors, stream.newlines, stream.buffer)
print(sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__, sys.stdin is sys.__stdin__)

#: Standard input is at its end
import os, sys
print(repr(sys.stdin.read()), os.read(0, 10), os.readlink("/proc/self/fd/0"))
try: input("Name? ")
except EOFError as end: print("end:", end)

#: Garbage collection
import gc
print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks, gc.garbage)

#: Threads at the start
import _thread, threading
print(threading.main_thread() is threading.current_thread(), [thread.name for thread in threading.enumerate()], _thread._count(), threading.active_count())
import os
print(threading.get_native_id() == os.getpid() == threading.main_thread().native_id, threading.main_thread().ident == threading.get_ident())

#: Locale and time zone
import locale, time
print(locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(), time.tzname, time.timezone, locale.getlocale())

#: Clocks that start with a program
import logging, time
record = logging.LogRecord("a", 20, "b", 1, "c", (), None)
print(time.process_time() < 5, 0 <= record.relativeCreated < 5000)

#: Logging at its defaults
import logging
print(logging.root.handlers, logging.root.level, logging.lastResort, logging.raiseExceptions, list(logging.root.manager.loggerDict))
logging.warning("seen")
logging.info("unseen")
logging.getLogger("part").error("named")

#: Warnings at their defaults
import warnings
for entry in warnings.filters: print(entry[0], entry[2].__name__, entry[4])

#: Temporary files
import os, tempfile
print(tempfile.tempdir, tempfile.gettempdir() == os.environ["TMPDIR"])
with tempfile.NamedTemporaryFile() as file: print(os.path.dirname(file.name) == os.environ["TMPDIR"])
with tempfile.TemporaryDirectory() as folder: print(os.path.dirname(folder) == os.environ["TMPDIR"])

#: Installed distributions
import importlib.metadata, site, sys
print(sorted({found.metadata["Name"] for found in importlib.metadata.distributions()})[:50])
print(site.ENABLE_USER_SITE, site.getsitepackages(), sys.meta_path, sys.path_hooks)

#: A call says nothing of the runner
import sys, traceback
def depth():
    try: raise ValueError("inside")
    except ValueError: traceback.print_exc()
depth()
