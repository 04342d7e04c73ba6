#: sys.exit with nothing
import sys
sys.exit()

#: sys.exit with None in a function
import sys
def leave(): sys.exit(None)
leave()

#: sys.exit with 3
raise SystemExit(3)

#: sys.exit with 256
raise SystemExit(256)

#: sys.exit with a negative number
raise SystemExit(-1)

#: sys.exit with a number below a byte
raise SystemExit(-300)

#: sys.exit with a number past 32 bits
raise SystemExit(2**40 + 5)

#: sys.exit with a number past 64 bits
raise SystemExit(2**80)

#: sys.exit with a very negative number
raise SystemExit(-2**80)

#: sys.exit with True
raise SystemExit(True)

#: sys.exit with a text
raise SystemExit("Größe 🐍 \udc80 too big")

#: sys.exit with an empty text
raise SystemExit("")

#: sys.exit with two arguments
raise SystemExit(1, 2)

#: sys.exit with an object
class Reason:
    def __str__(self): return "the reason"
    def __repr__(self): return "not this"
raise SystemExit(Reason())

#: sys.exit with an object that can't be printed
class Reason:
    def __str__(self): raise ValueError("unprintable")
raise SystemExit(Reason())

#: sys.exit with a float
raise SystemExit(2.5)

#: A subclass of int as exit code
class Code(int): pass
raise SystemExit(Code(6))

#: An object with __index__ as exit code
class Code:
    def __index__(self): return 6
    def __repr__(self): return "indexed"
raise SystemExit(Code())

#: A subclass of SystemExit
class Leave(SystemExit): pass
raise Leave(8)

#: SystemExit with another code afterwards
leave = SystemExit(1)
leave.code = 9
raise leave

#: SystemExit raised while another error is handled
try: 1 / 0
except ZeroDivisionError: raise SystemExit(4)

#: The exit of the site module
exit(5)

#: sys.exit in a thread ends the thread
import sys, threading
thread = threading.Thread(target=lambda: sys.exit(3))
thread.start()
thread.join()
print("still here")

#: Errors in atexit functions
import atexit
atexit.register(print, "runs all the same")
@atexit.register
def last(): raise ValueError("too late")
raise SystemExit(2)

#: atexit in order, registered while it runs, and taken back
import atexit
atexit.register(print, 1)
atexit.register(print, 2)
def gone(): print("never")
atexit.register(gone)
atexit.unregister(gone)
@atexit.register
def more():
    print("more")
    atexit.register(print, "even more")
print("end")

#: os._exit skips everything
import atexit, os
atexit.register(print, "never")
print("never", end="")
os._exit(3)

#: os._exit past a byte
import os
os._exit(300)

#: abort
import os
print("lost in the buffer")
os.abort()

#: A signal that nobody handles
import os, signal
print("lost in the buffer")
os.kill(os.getpid(), signal.SIGTERM)

#: SIGKILL to itself
import os, signal
print("seen", flush=True)
os.kill(os.getpid(), signal.SIGKILL)

#: SIGINT to itself
import os, signal, time
print("before")
os.kill(os.getpid(), signal.SIGINT)
time.sleep(10)

#: SIGINT handled
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(10**6): pass
except KeyboardInterrupt: print("caught")

#: KeyboardInterrupt raised by hand
import atexit
atexit.register(print, "at exit")
raise KeyboardInterrupt("by hand")

#: A subclass of KeyboardInterrupt
class Stop(KeyboardInterrupt): pass
raise Stop("mine")

#: KeyboardInterrupt with a hook that leaves
import sys
sys.excepthook = lambda *_: sys.exit(5)
raise KeyboardInterrupt

#: KeyboardInterrupt with a hook of its own
import sys
sys.excepthook = lambda kind, value, trace: print("hook", kind.__name__)
raise KeyboardInterrupt

#: KeyboardInterrupt with its handler ignored
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
raise KeyboardInterrupt

#: A signal handler that leaves
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(12))
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)

#: A signal while it waits for its threads
import signal, threading
def stop(*_): raise KeyboardInterrupt("stop")
signal.signal(signal.SIGUSR1, stop)
ready = threading.Event()
def work():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    ready.wait(0.2)
threading.Thread(target=lambda: (ready.wait(0.2), work())).start()
print("end")

#: An alarm that nobody handles
import signal, time
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(10)

#: A program that becomes another one
import os
print("lost")
os.execv("/bin/sh", ["sh", "-c", "echo other; exit 21"])

#: Each side of a fork leaves with a code of its own
import os
if os.fork():
    print(os.waitstatus_to_exitcode(os.wait()[1]))
    raise SystemExit(1)
print("child")
raise SystemExit(2)

#: Both sides of a fork end by themselves
import atexit, os, sys
atexit.register(print, "at exit")
print("before")
sys.stdout.flush()
pid = os.fork()
if pid: print("child's code:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
else: raise ValueError("the child's")

#: Nothing at all

#: A comment alone
# nothing
