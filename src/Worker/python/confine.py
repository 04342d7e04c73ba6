"""Confines itself, layer by layer, then becomes the command that it was asked for. Run with -I -S: it costs 6 ms, and each import adds to that.

usage: SETTINGS COMMAND [ARGUMENT …]

SETTINGS has a line for each layer, in the order in which they are applied: its name, then its values, separated by spaces; a name that ends
with "?" may fail. Ends with 125 and one line when a layer fails that may not, with 126 when the command can't be started.
"""
import _ctypes
import _signal
import posix
import resource
import sys

SET_NO_NEW_PRIVS, SET_CHILD_SUBREAPER = 38, 36


class c_long(_ctypes._SimpleCData):
    _type_ = "l"


class Function(_ctypes.CFuncPtr):
    # The C calling convention, with errno kept. What the module ctypes has ready for this takes 5 ms to import.
    _flags_ = 1 | 8
    _restype_ = c_long


def call(name, *values):
    """Calls a function of the C library; what it answers with −1 becomes an OSError."""
    answer = Function(_ctypes.dlsym(C_LIBRARY, name))(*(c_long(value) if isinstance(value, int) else value for value in values))
    if answer == -1:
        raise OSError(_ctypes.get_errno(), posix.strerror(_ctypes.get_errno()))
    return answer


def subreaper():
    call("prctl", SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def first_to_go():
    descriptor = posix.open("/proc/self/oom_score_adj", posix.O_WRONLY)
    posix.write(descriptor, b"1000")
    posix.close(descriptor)


def limit(name, soft, hard):
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (int(soft), int(hard)))


def no_new_privileges():
    call("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)


LAYERS = {"subreaper": subreaper, "first-to-go": first_to_go, "limit": limit, "no-new-privileges": no_new_privileges}


def confine(settings):
    for line in settings.split("\n"):
        name, *values = line.split(" ")
        try:
            LAYERS[name.rstrip("?")](*values)
        except (OSError, ValueError) as fault:
            if not name.endswith("?"):
                end(125, "confine: %s: %s" % (line, fault))


def end(code, text):
    posix.write(2, (text + "\n").encode())
    posix._exit(code)


C_LIBRARY = _ctypes.dlopen(None, 0)
confine(sys.argv[1])
# Ignored by Python itself; a program must start with the defaults.
for ignored in (_signal.SIGPIPE, _signal.SIGXFSZ):
    _signal.signal(ignored, _signal.SIG_DFL)
try:
    posix.execv(sys.argv[2], sys.argv[2:])
except OSError as fault:
    end(126, "%s could not be started: %s" % (sys.argv[2], fault.strerror))
