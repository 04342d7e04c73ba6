"""Confines itself, layer by layer, then becomes the command that it was asked for. Run with -I -S: it costs 6 ms, and each import adds to that.

usage: SETTINGS COMMAND [ARGUMENT …]

SETTINGS has a line for each layer, in the order in which they are applied: its name, then its values, separated by spaces. A name that ends
with "?" may be refused, which is said when the first line is "report". Ends with 125 and one line when another is refused, with 126 when the
command can't be started.
"""
import _signal
import posix
import resource
import sys

try:
    import _ctypes
except ImportError:
    _ctypes = None

PATH_ONLY = 0x200000
SET_SECCOMP, DROP_CAPABILITY, SET_CHILD_SUBREAPER, SET_NO_NEW_PRIVS = 22, 24, 36, 38
MOST_CAPABILITIES = 64
WITHOUT_C = "this Python has no _ctypes"
LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 445, 446
# Execute, read files, read folders.
READ = (1 | 4 | 8).to_bytes(8, sys.byteorder)


if _ctypes is not None:
    # The C calling convention, with errno kept. What the module ctypes has ready for this takes 5 ms to import.
    class Long(_ctypes._SimpleCData):
        _type_ = "l"

    class Int(_ctypes._SimpleCData):
        _type_ = "i"

    class Byte(_ctypes._SimpleCData):
        _type_ = "B"

    class Function(_ctypes.CFuncPtr):
        _flags_ = 1 | 8
        _restype_ = Int

    C_LIBRARY = _ctypes.dlopen(None, 0)


def call(name, *values):
    """Calls a function of the C library; what it answers with -1 becomes an OSError."""
    if _ctypes is None:
        raise OSError(WITHOUT_C)
    answer = Function(_ctypes.dlsym(C_LIBRARY, name))(*(Long(value) if isinstance(value, int) else value for value in values))
    if answer == -1:
        raise OSError(_ctypes.get_errno(), posix.strerror(_ctypes.get_errno()))


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


def user(number):
    # Groups first: without root there is no way to drop them.
    posix.setgroups([])
    posix.setresgid(int(number), int(number), int(number))
    posix.setresuid(int(number), int(number), int(number))


def no_capabilities():
    """Where root stays root: the next program that this process becomes has none of root's capabilities."""
    for number in range(MOST_CAPABILITIES):
        try:
            call("prctl", DROP_CAPABILITY, number, 0, 0, 0)
        except OSError:
            # The kernel knows no more, or we aren't that mighty ourselves.
            return


def own_process(ruleset):
    """Lets what the ruleset confines read about its first process, which is this one: /proc holds the others' command lines, too."""
    place = posix.open("/proc/self", PATH_ONLY | posix.O_CLOEXEC)
    call("syscall", LANDLOCK_ADD_RULE, int(ruleset), 1, READ + place.to_bytes(4, sys.byteorder), 0)
    posix.close(place)


def domain(ruleset):
    call("syscall", LANDLOCK_RESTRICT_SELF, int(ruleset), 0)
    posix.close(int(ruleset))


def system_calls(program):
    if _ctypes is None:
        raise OSError(WITHOUT_C)
    code = bytes.fromhex(program)
    # struct sock_fprog: count and address. The address is that of a copy which lives as long as this process does.
    kept = (Byte * len(code))(*code)
    parts = (len(code) // 8).to_bytes(8, sys.byteorder) + _ctypes.addressof(kept).to_bytes(8, sys.byteorder)
    call("prctl", SET_SECCOMP, 2, parts, 0, 0)


def wait(descriptor):
    """Holds up the program, until its code is there. Without a word nobody wants it any more."""
    if not posix.read(int(descriptor), 1):
        posix._exit(0)
    posix.close(int(descriptor))


LAYERS = {
    "subreaper": subreaper,
    "first-to-go": first_to_go,
    "limit": limit,
    "user": user,
    "no-capabilities": no_capabilities,
    "no-new-privileges": no_new_privileges,
    "own-process": own_process,
    "domain": domain,
    "system-calls": system_calls,
    "wait": wait,
}


def confine(settings):
    lines = settings.split("\n")
    reports = lines[0] == "report"
    for line in lines[reports:]:
        name, *values = line.split(" ")
        try:
            LAYERS[name.rstrip("?")](*values)
        except (OSError, ValueError) as fault:
            if not name.endswith("?"):
                end(125, "The layer %s of the sandbox was refused, so nothing was started: %s" % (name, fault))
            if reports:
                posix.write(2, ("refused %s %s\n" % (name[:-1], fault)).encode())


def end(code, text):
    posix.write(2, (text + "\n").encode())
    posix._exit(code)


confine(sys.argv[1])
# Ignored by Python itself; a program must start with the defaults.
for ignored in (_signal.SIGPIPE, _signal.SIGXFSZ):
    _signal.signal(ignored, _signal.SIG_DFL)
try:
    posix.execv(sys.argv[2], sys.argv[2:])
except OSError as fault:
    end(126, "%s could not be started: %s" % (sys.argv[2], fault.strerror))
