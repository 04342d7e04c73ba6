"""Runs a file as `python3 main.py` would, in a process that was forked rather than started.

What the interpreter does around a program (Modules/main.c and Python/pylifecycle.c of CPython) is done by hand here: left to itself
it tears down the whole heap that the child inherited, which costs 4.5 ms a job, with NumPy 17 ms.
"""
import atexit
import builtins
import gc
import os
import sys
import time
import _io
from importlib.machinery import SourceFileLoader


def load(home):
    """Makes the process look like a fresh `python3 main.py` in this folder; answers the program's code and its module."""
    path = home + "/main.py"
    sys.argv[:] = ["main.py"]
    sys.orig_argv[:] = [sys.executable, "main.py"]
    sys.path[0] = home
    if "logging" in sys.modules:
        sys.modules["logging"]._startTime = time.time()
    main = type(sys)("__main__")
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__builtins__ = builtins
    main.__file__ = path
    main.__cached__ = None
    main.__annotations__ = {}
    sys.modules["__main__"] = main
    try:
        return compile(_read(path), path, "exec", dont_inherit=True), main
    except BaseException:
        # A fresh interpreter says best what is wrong with a source.
        os.execv(sys.executable, [sys.executable, "main.py"])


def _read(path):
    # Without a file object: that takes 30 microseconds more.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def end(failure, main, known):
    """Ends the program as Py_RunMain does: what was raised, threads, atexit, open files, objects. Answers (exit code, signal)."""
    code = 0 if failure is None else _code_of(failure)
    interrupted = isinstance(failure, KeyboardInterrupt)
    # Else it would keep the program's frames, and with them its objects, alive.
    del failure
    _quietly(_wait_for_threads)
    _quietly(atexit._run_exitfuncs)
    flushed = flush_streams()
    _quietly(drop_objects, main, known)
    return code if flush_streams() and flushed else 120, interrupted


def _code_of(failure):
    if isinstance(failure, SystemExit):
        return _exit_code(failure)
    # Its first entry is the line that called the program.
    trace = failure.__traceback__.tb_next
    failure.__traceback__ = trace
    sys.last_type, sys.last_value, sys.last_traceback = type(failure), failure, trace
    hook = getattr(sys, "excepthook", None) or sys.__excepthook__
    raised = None
    try:
        hook(type(failure), failure, trace)
    except SystemExit as exit:
        return _exit_code(exit)
    except BaseException as other:
        raised = other
    if raised is not None:
        raised.__traceback__, raised.__context__ = raised.__traceback__.tb_next, None
        _say("Error in sys.excepthook:\n")
        sys.__excepthook__(type(raised), raised, raised.__traceback__)
        _say("\nOriginal exception was:\n")
        sys.__excepthook__(type(failure), failure, trace)
    return 1


def _exit_code(exit):
    value = exit.code
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF if -(2**63) <= value < 2**63 else 255
    try:
        sys.stdout.flush()
    except Exception:
        pass
    try:
        _say(str(value))
    except BaseException:
        pass
    _say("\n")
    return 1


def _wait_for_threads():
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()


def drop_objects(main, known):
    """Lets go of what the program made, so that files are written out and finalizers run, module by module as the interpreter does."""
    sys.last_type = sys.last_value = sys.last_traceback = None
    own = [main]
    # A page of the module table is copied for each entry that is looked at, so only the program's own are.
    for name in reversed(sys.modules):
        if name == known:
            break
        module = sys.modules[name]
        if (getattr(module, "__file__", None) or "").startswith(os.path.dirname(main.__file__) + "/"):
            own.append(module)
    for module in own:
        names = vars(module)
        for name in list(names):
            if name != "__builtins__":
                names[name] = None
    gc.collect()
    for thing in gc.get_objects():
        # The C base class: isinstance with io.IOBase runs the code of abstract base classes.
        if isinstance(thing, _io._IOBase):
            _quietly(_flush, thing)


def _flush(file):
    if not file.closed:
        file.flush()


def flush_streams():
    done = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException as fault:
            done = False
            if stream is sys.stdout:
                _say("Exception ignored in: %r\n%s: %s\n" % (stream, type(fault).__name__, fault))
    return done


def _quietly(action, *arguments):
    """A fault while a program ends is shown and changes nothing, as in the interpreter."""
    try:
        return action(*arguments)
    except BaseException as fault:
        try:
            sys.excepthook(type(fault), fault, fault.__traceback__)
        except BaseException:
            pass


def _say(text):
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BaseException:
        pass
