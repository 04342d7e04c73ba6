"""Runs a file as `python3 main.py` would, in a process that was forked rather than started.

What the interpreter does around a program (Modules/main.c and Python/pylifecycle.c of CPython) is done by hand here: left to itself
it tears down the whole heap that the child inherited, which costs 4.5 ms a job, with NumPy 17 ms.
"""
import atexit
import gc
import posix
import sys
import time
import _io
import _weakref
from builtins import *  # Bound here, and those of posix kept apart from os, because a program may change what they are there.
from importlib.machinery import SourceFileLoader

WRITERS = (_io.TextIOWrapper, _io.BufferedWriter, _io.BufferedRandom, _io.BufferedRWPair)

try:
    import _ctypes
    flush_c = _ctypes.dlsym(_ctypes.dlopen(None, 0), "fflush")
except (ImportError, OSError):
    # A Python without it can't flush what C code printed.
    flush_c = None


def load(home):
    """Makes the process look like a fresh `python3 main.py` in this folder; answers the program's code and its module."""
    path = home + "/main.py"
    sys.argv[:] = ["main.py"]
    sys.orig_argv[:] = [sys.executable, "main.py"]
    sys.path[0] = home
    main = type(sys)("__main__")
    main.__annotations__ = {}
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__builtins__ = sys.modules["builtins"]
    main.__file__ = path
    main.__cached__ = None
    sys.modules["__main__"] = main
    _forget_the_server(home, main)
    try:
        return compile(_read(path), path, "exec", dont_inherit=True), main
    except BaseException as fault:
        # A fresh interpreter says best what is wrong with a source. What the compiler warns of has been said.
        said = ["-W", "ignore::SyntaxWarning"] if isinstance(fault, SyntaxError) else []
        posix.execv(sys.executable, [sys.executable, *said, "main.py"])


def _read(path):
    # Without a file object: that takes 30 microseconds more.
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(descriptor, posix.fstat(descriptor).st_size)
    finally:
        posix.close(descriptor)


def _forget_the_server(home, main):
    """Sets anew what modules remembered of the process that imported them ahead."""
    modules = sys.modules
    if "logging" in modules:
        modules["logging"]._startTime = time.time()
    if "tempfile" in modules:
        modules["tempfile"].tempdir = None
    if "__mp_main__" in modules:
        # By this name spawned processes send back what is of the program's own classes.
        modules["__mp_main__"] = main
    if "multiprocessing.process" in modules:
        # Where spawned processes start, and what lets a process into a manager.
        modules["multiprocessing.process"].ORIGINAL_DIR = home
        modules["multiprocessing.process"].current_process().authkey = posix.urandom(32)
    if "threading" in modules:
        modules["threading"].main_thread()._native_id = posix.getpid()


def end(failures, mains, known):
    """
    Ends the program as Py_RunMain does: what was raised, threads, atexit, open files, objects. Answers (exit code, interrupted). What was
    raised and the program's module come in lists, which are emptied: a reference elsewhere would keep the program's objects alive.
    """
    code, interrupted = _code_of(failures) if failures else (0, False)
    threading = sys.modules.get("threading")
    if threading is not None:
        try:
            threading._shutdown()
        except BaseException as fault:
            _ignored(threading, fault)
    try:
        atexit._run_exitfuncs()
    except BaseException:
        # It has said so itself.
        pass
    flushed = _flush_streams()
    try:
        _drop_objects(mains, known)
    except BaseException:
        pass
    if flush_c is not None:
        _ctypes.call_function(flush_c, (None,))
    return code if flushed else 120, interrupted


def _code_of(failures):
    failure = failures.pop()
    if isinstance(failure, SystemExit):
        return _exit_code(failure), False
    # Its first entry is the line that called the program.
    trace = failure.__traceback__.tb_next
    failure.__traceback__ = trace
    sys.last_type, sys.last_value, sys.last_traceback = type(failure), failure, trace
    raised = None
    try:
        hook = sys.excepthook
    except AttributeError:
        _say("sys.excepthook is missing\n")
        hook = sys.__excepthook__
    try:
        hook(type(failure), failure, trace)
    except SystemExit as exit:
        return _exit_code(exit), False
    except BaseException as other:
        raised = other
    if raised is not None:
        raised.__traceback__, raised.__context__ = raised.__traceback__.tb_next, None
        _say("Error in sys.excepthook:\n")
        sys.__excepthook__(type(raised), raised, raised.__traceback__)
        _say("\nOriginal exception was:\n")
        sys.__excepthook__(type(failure), failure, trace)
    return 1, type(failure) is KeyboardInterrupt


def _exit_code(exit):
    value = exit.code
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF if -(2**63) <= value < 2**63 else 255
    try:
        text = str(value)
        if getattr(sys, "stderr", None) is None:
            _say(text)
        else:
            sys.stderr.write(text)
    except BaseException:
        pass
    _say("\n")
    return 1


def _drop_objects(mains, known):
    """Lets go of what the program made, so that files are written out and finalizers run, in the order in which the interpreter does."""
    for name in ("last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            setattr(sys, name, None)
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    _flush_files()
    folder = mains[0].__loader__.path[: -len("main.py")]
    names = []
    # A page of the module table is copied for each entry that is looked at, so only the program's own are.
    for name in reversed(sys.modules):
        if name == known:
            break
        if str(getattr(sys.modules[name], "__file__", None)).startswith(folder):
            names.append(name)
    dropped = [_weakref.ref(mains[0])]
    for name in ("__main__", "__mp_main__"):
        if name in sys.modules:
            sys.modules[name] = None
    mains.clear()
    for name in reversed(names):
        dropped.append(_weakref.ref(sys.modules[name]))
        sys.modules[name] = None
    # Most goes here, while finalizers still find the names that they use.
    gc.collect()
    # Most often all is gone, and no finalizer has made anything new: then a second time finds nothing, and takes 20 microseconds.
    if gc.get_objects(generation=0) or any(reference() is not None for reference in dropped):
        for reference in reversed(dropped):
            _clear(reference())
        gc.collect()
    _flush(sys.__stdout__)
    _flush(sys.__stderr__)


def _clear(module):
    """Empties a module that something still holds: first its private names, then the others."""
    if module is None:
        return
    names = vars(module)
    for private in (True, False):
        for name in list(names):
            if (name[:1] == "_" and name[1:2] != "_") == private and name != "__builtins__":
                names[name] = None


def _flush_files():
    # Before anything goes: a collection may close what lies below a file that still has something to write, and not all of them will go.
    for thing in gc.get_objects():
        if type(thing) in WRITERS:
            _flush(thing)


def _flush(file):
    try:
        if not file.closed:
            file.flush()
    except BaseException:
        pass


def _flush_streams():
    """Whether what was printed could be written."""
    done = True
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        if stream is None or _is_closed(stream):
            continue
        try:
            stream.flush()
        except BaseException as fault:
            done = False
            if name == "stdout":
                _ignored(stream, fault)
    return done


def _is_closed(stream):
    try:
        return bool(stream.closed)
    except BaseException:
        return False


def _ignored(thing, fault):
    """Shows a fault that changes nothing, as the interpreter does."""
    fault.__context__, fault.__traceback__ = None, fault.__traceback__.tb_next
    try:
        _say("Exception ignored in: %r\n" % (thing,))
        sys.__excepthook__(type(fault), fault, fault.__traceback__)
    except BaseException:
        pass


def _say(text):
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BaseException:
        try:
            posix.write(2, text.encode(errors="backslashreplace"))
        except OSError:
            pass
