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


class Leavers:
    """
    Jobs whose first process has ended, until what they left has, too. That takes its time, since what has stepped back for others needs its
    turn to end, too; a job that left nothing doesn't wait for what others left.
    """

    def __init__(self):
        self.jobs = []
        # Which jobs a stray may be of: known when it falls to us.
        self.owners = {}

    def __bool__(self):
        return bool(self.jobs)

    def add(self, leader, message):
        """A job that has ended: the number of its first process, and what is to be said when nothing of it is left."""
        self.jobs.append((leader, message, time.monotonic() + STRAYS_LIMIT))

    def gone(self, known):
        """
        Ends what is left, as far as it can now; answers what is to be said of jobs of which nothing is, and, with " left" behind it, of those for
        which this took too long.
        """
        strays = kill_strays(known)
        leaders = {leader for leader, _, _ in self.jobs}
        for pid in self.owners.keys() - strays.keys():
            del self.owners[pid]
        for pid in strays.keys() - self.owners.keys():
            # One that has left its job's session may be anybody's who left since the last look.
            self.owners[pid] = {strays[pid]} & leaders or leaders
        unfinished = set().union(*self.owners.values())
        now = time.monotonic()
        gone = [job for job in self.jobs if job[0] not in unfinished or job[2] < now]
        self.jobs = [job for job in self.jobs if job not in gone]
        return [message + b" left" if leader in unfinished else message for leader, message, _ in gone]


def end_strays(known):
    """Ends what is our child and isn't known: it belonged to a job whose first process has ended. So does what that leaves in turn."""
    limit = time.monotonic() + STRAYS_LIMIT
    while kill_strays(known) and time.monotonic() < limit:
        time.sleep(STRAYS_PAUSE)


def kill_strays(known):
    """Answers which there are, each with its session. They go a little later."""
    strays = {}
    for pid in own_children().difference(known):
        try:
            strays[pid] = os.getsid(pid)
            os.kill(pid, _signal.SIGKILL)
            os.waitpid(pid, os.WNOHANG)
        except OSError:
            # It has just gone, or it isn't ours to end.
            pass
    return strays


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
