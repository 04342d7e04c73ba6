#: A file that is open when a child ends
file = open("left.txt", "w")
file.write("kept")
import os, atexit
if not os.fork():
    print("child")
    raise SystemExit
os.wait()

#: A text file in a function's frame
import os
read, write = os.pipe()
pid = os.fork()
if pid == 0:
    os.close(read)
    def work():
        file = os.fdopen(write, "w")
        file.write("kept by nobody")
        kept.append(file)
        raise SystemExit
    kept = []
    work()
os.close(write)
print(os.read(read, 100))

#: __del__ of a global
class Thing:
    def __del__(self): print("del", self.name)
a = Thing(); a.name = "a"
b = Thing(); b.name = "b"
print("end")

#: __del__ sees the modules that it uses
import os
import json as data
limit = 3
def speak(text): print(text, limit, os.sep, data.dumps([1]))
class Thing:
    def __del__(self): speak("del")
thing = Thing()
other = 1

#: __del__ sees the modules when nothing is a function
import os
from collections import OrderedDict
thing = type("Thing", (), {"__del__": print})
held = OrderedDict(a=1)
print("end")

#: __del__ in a cycle
class Node:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name)
a, b = Node("a"), Node("b")
a.other, b.other = b, a
c = Node("c")

#: __del__ that leaves a cycle with another __del__ behind
from os import write
class Left:
    def __del__(self, write=write): write(1, b"left")
class Node:
    def __del__(self, left=Left):
        one = left()
        one.itself = one
node = Node()
node.itself = node

#: __del__ of a global of a module that something holds
import sys
sys.held = sys.modules["__main__"]
class Thing:
    def __del__(self): print("del")
thing = Thing()

#: __del__ after an error
class Thing:
    def __del__(self): print("del", self.number)
def work():
    local = Thing()
    local.number = 2
    raise ValueError("work")
thing = Thing()
thing.number = 1
work()

#: __del__ after sys.exit in a function
import sys
class Thing:
    def __del__(self): print("del")
def work():
    local = Thing()
    sys.exit(3)
work()

#: __del__ of what two modules of its own hold
open("one.py", "w").write("class Thing:\n    def __init__(self, n): self.n = n\n    def __del__(self): print('del', self.n)\na = Thing('one')\n")
open("two.py", "w").write("import one\nb = one.Thing('two')\n")
import two
c = two.one.Thing("main")

#: __del__ with names that begin with an underscore
class Thing:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name)
public = Thing("public")
_private = Thing("private")
import sys
sys.hold = globals()

#: weakref.finalize
import weakref
class Thing: pass
thing = Thing()
weakref.finalize(thing, print, "finalized")
quiet = weakref.finalize(thing, print, "never")
quiet.atexit = False
print("end")

#: A weak reference with a callback
import weakref
class Thing: pass
thing = Thing()
ref = weakref.ref(thing, lambda _: print("gone"))
del thing
print("end")

#: Generators that are under way
def numbers():
    try: yield 1
    finally: print("finally")
running = numbers()
next(running)
print("end")

#: A with block in a generator that is under way
import contextlib
@contextlib.contextmanager
def held():
    print("enter")
    try: yield
    finally: print("leave")
context = held()
context.__enter__()

#: A coroutine that was never awaited
async def work(): pass
work()
print("end")

#: ResourceWarning of a file that was dropped
import warnings
warnings.simplefilter("always")
def work(): open("main.py")
work()
print("end")

#: A temporary folder that was not removed
import tempfile
folder = tempfile.TemporaryDirectory()
print("end")

#: A list that holds itself and the hook that prints it
loop = []
loop.append(loop)
print(loop)
class Thing:
    def __del__(self): print("del", len(self.items))
thing = Thing()
thing.items = [thing]

#: Pickles of classes of its own
import copy, pickle
class Point:
    def __init__(self, x): self.x = x
point = pickle.loads(pickle.dumps(Point(3)))
print(type(point) is Point, point.x, pickle.dumps(Point)[:60], copy.deepcopy(point).x)

#: The source of its own functions
import inspect
def shown(a, b=2):
    # with its comment
    return a + b
class Held:
    x = 1
print(inspect.getsource(shown), inspect.getsource(Held), inspect.getfile(shown), inspect.getmodule(shown), inspect.signature(shown))

#: Type hints of its own classes
import typing
class Tree:
    left: "Tree | None"
    size: "int" = 0
print(typing.get_type_hints(Tree), Tree.__module__, Tree)

#: Data classes
import dataclasses
@dataclasses.dataclass(order=True, slots=True)
class Point:
    x: int
    y: list = dataclasses.field(default_factory=list)
print(Point(1), Point(1) < Point(2), dataclasses.asdict(Point(3, [1])), dataclasses.fields(Point)[0].type)

#: Enums and named tuples know their module
import collections, enum, typing
Color = enum.Enum("Color", "RED GREEN")
Pair = collections.namedtuple("Pair", "a b")
class Triple(typing.NamedTuple):
    a: int = 1
import pickle
print(Color.RED, Color.__module__, Pair.__module__, Triple.__module__, pickle.loads(pickle.dumps((Color.RED, Pair(1, 2), Triple()))))

#: Abstract classes and registries start empty
import collections.abc, functools
@functools.singledispatch
def show(value): return "any"
@show.register
def _(value: int): return "int"
print(show(1), show(""), len(show.registry), isinstance([], collections.abc.Sequence))

#: Doctests of its own
def twice(n):
    """
    >>> twice(2)
    4
    >>> twice(3)
    7
    """
    return 2 * n
import doctest
print(doctest.testmod())

#: Unit tests of its own
import unittest
class Tests(unittest.TestCase):
    def test_right(self): self.assertEqual(1, 1)
    def test_wrong(self): self.assertEqual(1, 2)
import io, re
out = io.StringIO()
unittest.main(exit=False, testRunner=unittest.TextTestRunner(out))
print(re.sub(r"in [0-9.]+s", "in no time", out.getvalue()))

#: Changed builtins don't break the end
import atexit, builtins, os, sys, gc
atexit.register(print, "at exit")
for name in ("isinstance", "getattr", "open", "str", "list", "vars", "reversed", "repr", "type", "iter", "len", "BaseException"): setattr(builtins, name, None)
os._exit = os.getpid = os.getppid = gc.get_objects = None
raise SystemExit(6)

#: Changed builtins of the last program are gone
import builtins, os
print(isinstance(1, int), os.getpid() > 0, hasattr(builtins, "mine"), "LEFT" in os.environ, hasattr(os, "left"))
builtins.mine, os.environ["LEFT"], os.left = 1, "1", 1

#: An emptied table of modules
import sys
file = open("left.txt", "w")
file.write("x")
print("end")
sys.modules.clear()
