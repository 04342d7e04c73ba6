#: An uncaught error
def half(number):
    return number / 0
print("before")
half(3)

#: An error at the top
raise ValueError("top")

#: An error without a text
raise Exception

#: A chained error
def inner(): {}["missing"]
try: inner()
except KeyError as fault: raise RuntimeError("outer") from fault

#: An error while another is handled
try: 1 / 0
except ZeroDivisionError: [][1]

#: An error from None
try: 1 / 0
except ZeroDivisionError: raise ValueError("alone") from None

#: An error raised again
def first(): raise OSError(2, "No such file", "name")
try: first()
except OSError as fault: kept = fault
raise kept

#: An error with notes
fault = ValueError("noted")
fault.add_note("first note")
fault.add_note("second\nnote")
raise fault

#: An exception group
def one(): raise ValueError("one")
found = []
for raiser in (one, lambda: int("x")):
    try: raiser()
    except Exception as fault: found.append(fault)
raise ExceptionGroup("several", [*found, ExceptionGroup("inner", [TypeError("deep")])])

#: An error in a class body and a comprehension
class Broken:
    values = [1 / number for number in (1, 0)]

#: An error of a class of one's own
class Odd(Exception):
    def __str__(self): raise ValueError("no text")
raise Odd("x")

#: An error of BaseException
class Base(BaseException): pass
raise Base("base")

#: An error in a lambda far to the right of a line
numbers = [1, 2, 3]; table = {"a": {"b": None}}; print(numbers[0] + table["a"]["b"]["c"])

#: A traceback that repeats
def down(n): return down(n - 1) if n else 1 / 0
down(20)

#: Too deep a recursion
def down(n): return down(n + 1)
try: down(0)
except RecursionError as fault: print(fault)

#: A traceback limit
import sys
sys.tracebacklimit = 1
def a(): b()
def b(): c()
def c(): raise ValueError
a()

#: An error in a module of its own
open("own.py", "w").write("def fail():\n    raise ValueError('own')\n")
import own
own.fail()

#: A module of its own with an error of syntax
open("own.py", "w").write("x = = 1\n")
import own

#: A module that is missing
import no_such_module_anywhere

#: A name that is misspelt
import collections
collections.namedtupel

#: A wrong number of arguments
def f(a, *, b): pass
f(1, 2)

#: An uncaught StopIteration and GeneratorExit
def numbers():
    yield 1
    raise StopIteration
list(numbers())

#: An assertion
assert 1 == 2, "unequal"

#: An error in code made from text
exec("def f():\n  1/0\nf()")

#: An error in a thread
import threading
def work(): raise ValueError("in a thread")
thread = threading.Thread(target=work, name="worker")
thread.start()
thread.join()
print("done")

#: The hook for errors in threads
import threading
threading.excepthook = lambda args: print("hook", args.exc_type.__name__, args.exc_value)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()

#: A hook for uncaught errors
import sys
def hook(kind, value, trace): print("hook", kind.__name__, value, trace.tb_lineno, trace.tb_next)
sys.excepthook = hook
raise ValueError("hooked")

#: A hook that fails
import sys
def hook(kind, value, trace): raise TypeError("bad hook")
sys.excepthook = hook
raise ValueError("original")

#: A hook that leaves
import sys
sys.excepthook = lambda *_: sys.exit(42)
raise ValueError("original")

#: A hook that leaves with a text
import sys
sys.excepthook = lambda *_: sys.exit("from the hook")
raise ValueError("original")

#: A hook that is None
import sys
sys.excepthook = None
raise ValueError("original")

#: A hook that is missing
import sys
del sys.excepthook
raise ValueError("original")

#: What is left of an error at exit
import atexit, sys
atexit.register(lambda: print(sys.last_type.__name__, sys.last_value, sys.last_traceback.tb_lineno, sys.exc_info()))
raise ValueError("last")

#: No error is being handled at exit
import atexit, sys
class Probe:
    def __del__(self): print("del", sys.exc_info())
probe = Probe()
atexit.register(lambda: print("at exit", sys.exc_info()))
try: 1 / 0
except ZeroDivisionError: pass

#: An error without a standard error
import sys
sys.stderr = None
raise ValueError("unseen")

#: A text to leave with without a standard error
import sys
sys.stderr = None
sys.exit("said all the same")

#: An error with a standard error of its own
import io, sys
class Shout(io.StringIO):
    def write(self, text): sys.stdout.write(text.replace("Error", "ERROR"))
sys.stderr = Shout()
raise ValueError("loud")

#: An error with surrogates and control characters
raise ValueError("a\udc80b\x00c\x1b[31m\u2028")

#: An error that can't be raised
raise 42

#: An error with a traceback of its own making
import sys
try: 1 / 0
except ZeroDivisionError as fault: trace = fault.__traceback__
raise KeyError("moved").with_traceback(trace)

#: A warning shows its line
import warnings
def old(): warnings.warn("careful", DeprecationWarning, stacklevel=2)
old()
old()
warnings.warn("again", UserWarning)
warnings.warn("unseen", PendingDeprecationWarning)

#: A warning as an error
import warnings
warnings.simplefilter("error")
warnings.warn("now fatal")
