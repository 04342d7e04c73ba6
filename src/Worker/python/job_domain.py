"""Confines a forked child to its job. In one module with fork_server.py, behind main_program.py.

All else that confines it is inherited from the server, which confine.py started: limits, user, no_new_privs, and the system calls.
"""
import os

SET_DUMPABLE, SET_CHILD_SUBREAPER = 4, 36
LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 445, 446
READ = (1 | 4 | 8).to_bytes(8, sys.byteorder)
PATH_ONLY = 0x200000

if flush_c is not None:
    prctl, syscall = (_ctypes.dlsym(_ctypes.dlopen(None, 0), name) for name in ("prctl", "syscall"))


def control_process(option, value):
    """prctl(2), where this Python can call C at all."""
    if flush_c is not None:
        _ctypes.call_function(prctl, (option, value, 0, 0, 0))


def enter(domain):
    """Confines this process to its job: from here on nothing of other jobs can be reached. Of /proc only what is about this process."""
    place = os.open("/proc/self", PATH_ONLY | os.O_CLOEXEC)
    _ctypes.call_function(syscall, (LANDLOCK_ADD_RULE, domain, 1, READ + place.to_bytes(4, sys.byteorder), 0))
    os.close(place)
    if _ctypes.call_function(syscall, (LANDLOCK_RESTRICT_SELF, domain, 0)) != 0:
        os.write(2, b"The job could not be confined, so it was not started.\n")
        os._exit(125)
