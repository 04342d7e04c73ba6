"""Ends what jobs leave behind. In one module with fork_server.py.

A job's first process is a subreaper (prctl(2)): what its descendants leave falls to it, and when it has ended, to the server. So a child of
the server that the server has not forked belongs to a job that is over.
"""
import _signal
import os
import posix
import time

# Killing what is left takes milliseconds; a process that forks without end may escape for a while.
STRAYS_LIMIT = 2
STRAYS_PAUSE = 0.001


def end_strays(known):
    """Ends what is our child and isn't known: it belonged to a job whose first process has ended. So does what that leaves in turn."""
    limit = time.monotonic() + STRAYS_LIMIT
    while kill_strays(known) and time.monotonic() < limit:
        time.sleep(STRAYS_PAUSE)


def kill_strays(known):
    """Answers whether there are any. They go a little later: what has stepped back for others needs its turn to end, too."""
    strays = own_children().difference(known)
    for pid in strays:
        try:
            os.kill(pid, _signal.SIGKILL)
            os.waitpid(pid, os.WNOHANG)
        except OSError:
            # It has just gone.
            pass
    return bool(strays)


def own_children():
    try:
        descriptor = os.open("/proc/self/task/%d/children" % posix.getpid(), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # A kernel without that list, or no /proc.
        return set()
    text = b""
    while block := os.read(descriptor, 65536):
        text += block
    os.close(descriptor)
    return set(map(int, text.split()))
