"""The fork server: one warm interpreter from which every job's Python is forked. Runs behind main_program.py, strays.py and
job_domain.py, in one module with them.

usage: open|closed LIMITS [MODULE …]

"closed" keeps other processes of this user from looking into it and its children, where there is no Landlock to do that. LIMITS
are its children's, each RESOURCE SOFT HARD. The modules are imported ahead. Descriptor 3 is the control socket, 4 the socket that jobs come through; both keep message boundaries (SOCK_SEQPACKET).

  control, to us:    fork N             make N more children, each of which waits for one job
                     signal S K         send signal K to the process group of child S
                     ping               say that you live
  control, from us:  ready [N …]        jobs may come; the modules with these numbers, from 0, were not found
                     refused N          N of the wanted children could not be forked
                     pong               to each ping
                     ended S CODE       child S has ended, the rest of its group has been killed; with "left" behind it, not all of that has
                                        gone in time
  jobs, to a child:  JOB, its home, its limits if they are lower than others', then NAME, VALUE of each variable that differs from the
                     server's, separated by NUL, with descriptors: stdout, stderr, claim (an eventfd holding 1), and a Landlock ruleset
                     where there is Landlock
  jobs, from it:     taken JOB S PID    child S has the job; its code starts now

Whoever reads the claim first has the job: a child, or the worker when it has waited long enough. A program that ends dates the folder
"tmp" beside its home at its exit code, in seconds since 1970: when the server dies before it can tell that, nobody else can.

What a job leaves behind falls to us when its first process has ended (prctl(PR_SET_CHILD_SUBREAPER)), since that one keeps it until then.
"""
import _signal
import _socket
import os
import resource
import select

CONTROL, JOBS = 3, 4
MODE, LIMITS, *AHEAD = sys.argv[1:]
SAMPLE = """import math
def f(a, *b, c=1):
    return [x * 2 for x in (a, c)]
try:
    print("", end="")
    s = f"{f(1)} {math.pi:.2f}".split()
    d = {k: v for k, v in zip(s, s)}
except Exception as e:
    pass
"""
# What many programs import and costs a fork little: 0.15 ms for all of it. Dataclasses alone would add 0.1, asyncio, ssl, email and the like 0.5.
POPULAR = ("math", "random", "re", "json", "collections", "itertools", "functools", "datetime", "typing")
# CPython 3.11 rewrites a function's code while it is called for the first times; done before the fork, that copies no memory after it.
REHEARSALS = 20

server_module = sys.modules["__main__"]


def serve():
    """The server's loop. Returns in children alone, when they have a job: its folder."""
    if MODE == "closed":
        control_process(SET_DUMPABLE, 0)
    # A dyno that ends sends it to every process. Jobs get theirs; who reaps them, and tells how they ended, stays.
    _signal.signal(_signal.SIGTERM, _signal.SIG_IGN)
    sample = os.getcwd()
    with open(sample + "/main.py", "w") as file:
        file.write(SAMPLE)
    missing = preload(sample)
    control = _socket.socket(fileno=CONTROL)
    events = select.epoll()
    events.register(CONTROL, select.EPOLLIN)
    children, serials, serial = {}, {}, 0
    leavers = Leavers()
    tell(control, b" ".join([b"ready", *(b"%d" % AHEAD.index(name) for name in missing if name in AHEAD)]))
    while True:
        for descriptor, _ in events.poll(STRAYS_PAUSE if leavers else None):
            if descriptor != CONTROL:
                # By hand: children that were forked meanwhile may still hold it, and then closing it doesn't end its events.
                events.unregister(descriptor)
                ended = serials.pop(descriptor)
                leader = children.pop(ended)
                leavers.add(leader, b"ended %d %d" % (ended, reap(leader, descriptor)))
                continue
            kind, *numbers = hear(control)
            if kind == b"closed":
                for pid in children.values():
                    kill(pid, _signal.SIGKILL)
                end_strays(())
                os._exit(0)
            if kind == b"ping":
                tell(control, b"pong")
                continue
            first = int(numbers[0])
            if kind == b"signal":
                if first in children:
                    kill(children[first], int(numbers[1]))
                continue
            for made in range(first):
                serial += 1
                try:
                    pid = os.fork()
                except OSError:
                    tell(control, b"refused %d" % (first - made))
                    break
                if pid == 0:
                    control.close()
                    events.close()
                    return wait_for_job(serial, sample)
                watch = os.pidfd_open(pid)
                events.register(watch, select.EPOLLIN)
                children[serial], serials[watch] = pid, serial
        if leavers:
            for message in leavers.gone(children.values()):
                tell(control, message)


def hear(control):
    try:
        return control.recv(64).split() or [b"closed"]
    except OSError:
        return [b"closed"]


def tell(control, text):
    try:
        control.send(text)
    except OSError:
        # The worker is gone. That is heard next.
        pass


def preload(sample):
    """Does once what every program would do again: imports, and the first use of the compiler (1.3 to 1.8 ms)."""
    missing = []
    for name in (*POPULAR, *AHEAD):
        try:
            __import__(name)
        except ModuleNotFoundError:
            # "from a import b" is given as a.b, and b needn't be a module.
            missing.append(name)
        except BaseException as fault:
            print(name, "can't be imported ahead:", repr(fault), file=sys.stderr)
    # A thread doesn't survive a fork, but the locks that it holds do.
    if len(os.listdir("/proc/self/task")) > 1:
        sys.exit("An imported package runs threads.")
    for _ in range(REHEARSALS):
        rehearse(sample)
    sys.modules["__main__"] = server_module
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    # Else each child's first collection would write to every inherited object: 13 ms and 9 MB.
    gc.freeze()
    gc.disable()
    return missing


def rehearse(folder):
    """Runs a sample program as a job is run, so that a waiting child has its own copy of the memory that any program touches."""
    os.environb[b"HOME"] = os.environb[b"HOME"]
    known = next(reversed(sys.modules))
    code, main = load(folder)
    mains = [main]
    del main
    exec(code, mains[0].__dict__)
    _flush_streams()
    _drop_objects(mains, known)


def reap(pid, watch):
    # First without reaping: while the leader is a zombie its number can't be reused, so the group can be killed safely.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    kill(pid, _signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(watch)
    return code


def kill(pid, signal):
    try:
        os.killpg(pid, signal)
    except ProcessLookupError:
        # It has not made its group yet.
        os.kill(pid, signal)
    except PermissionError:
        pass


def wait_for_job(serial, sample):
    os.closerange(JOBS + 1, 1 << 20)
    os.setsid()
    control_process(SET_CHILD_SUBREAPER, 1)
    limit(LIMITS)
    gc.enable()
    # What NumPy's old interface draws from was seeded before the fork. (seed() without a number takes three times as long.)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(int.from_bytes(os.urandom(4), "little"))
    jobs = _socket.socket(fileno=JOBS)
    waiting = _socket.MSG_DONTWAIT
    while True:
        try:
            message, attached, _, _ = jobs.recvmsg(65536, _socket.CMSG_SPACE(16), _socket.MSG_CMSG_CLOEXEC | waiting)
        except BlockingIOError:
            # No job is waiting, so there is time.
            rehearse(sample)
            waiting = 0
            continue
        if not message:
            os._exit(0)
        numbers = attached[0][2] if attached else b""
        descriptors = [int.from_bytes(numbers[at : at + 4], sys.byteorder) for at in range(0, len(numbers), 4)]
        if len(descriptors) >= 3 and claimed(descriptors[2]):
            break
        for descriptor in descriptors:
            os.close(descriptor)
    number, home, limits, *changes = message.split(b"\0")
    # First: whoever hears who has the job may send it at once.
    _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
    jobs.send(b"taken %b %d %d" % (number, serial, os.getpid()))
    jobs.close()
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[1], 2)
    if len(descriptors) > 3:
        enter(descriptors[3])
    os.closerange(3, max(descriptors) + 1)
    limit(limits.decode())
    for at in range(0, len(changes), 2):
        os.environb[changes[at]] = changes[at + 1]
    os.chdir(home)
    return home.decode()


def limit(text):
    words = text.split()
    for at in range(0, len(words), 3):
        resource.setrlimit(getattr(resource, "RLIMIT_" + words[at]), (int(words[at + 1]), int(words[at + 2])))


def claimed(claim):
    try:
        os.read(claim, 8)
        return True
    except BlockingIOError:
        return False


# Below this line runs a job's child. At the level of the module, so that the program finds no more than one frame below its own.
home = serve()
pid = posix.getpid()
known = next(reversed(sys.modules))
code, main = load(home)
mains, failures = [main], []
del main
try:
    exec(code, mains[0].__dict__)
except BaseException as thrown:
    failures.append(thrown)
exit_code, interrupted = end(failures, mains, known)
if interrupted:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    posix.kill(posix.getpid(), _signal.SIGINT)
# A process that the program forked comes here, too, at its own end.
if posix.getpid() == pid:
    try:
        # 2 to 6 µs; a file would take 50.
        posix.utime(home[: home.rindex("/")] + "/tmp", (exit_code, exit_code))
    except OSError:
        # The program has removed it.
        pass
# The end of its output, together with that date, tells the worker the program's end. Left to _exit, it would come after the kernel has
# taken the memory apart: 0.3 to 0.5 ms later.
posix.closerange(1, 3)
posix._exit(exit_code)
