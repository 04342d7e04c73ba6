#: sqlite3
import sqlite3
with sqlite3.connect("data.db") as data:
    data.execute("create table t(a)")
    data.executemany("insert into t values(?)", [(1,), (2,)])
    print(data.execute("select sum(a) from t").fetchone())

#: sqlite3 without a commit
import os, sqlite3
data = sqlite3.connect("data.db")
data.execute("create table t(a)")
data.execute("insert into t values(1)")
print(os.path.exists("data.db-journal"))

#: A log file that is closed by the end
import atexit, logging, os
logging.basicConfig(filename="log.txt", level=logging.DEBUG, format="%(levelname)s %(name)s %(filename)s:%(lineno)d %(funcName)s %(processName)s %(threadName)s")
def work(): logging.info("x")
work()
logging.getLogger("a").error("y")
print(open("log.txt").read())

#: A random number generator with a seed
import random
random.seed(1)
print(random.random(), random.Random("text").randint(1, 100))

#: NumPy with a seed
import numpy
numpy.random.seed(1)
print(numpy.random.rand(), numpy.random.default_rng(1).random(), numpy.arange(4).reshape(2, 2) @ numpy.eye(2), numpy.geterr(), numpy.get_printoptions()["precision"])

#: NumPy's warnings
import numpy
print(numpy.array([1.0]) / 0)

#: decimal, statistics and fractions
import decimal, fractions, statistics
print(decimal.getcontext(), statistics.mean([1, 2]), fractions.Fraction(1, 3), decimal.Decimal(1) / 3)

#: Caches start empty
import functools, linecache, re
@functools.lru_cache
def f(n): return n
f(1); f(1)
print(f.cache_info(), sorted(name for name in linecache.cache if "main.py" in name), re.compile("a+").pattern)

#: A module of its own that is written and changed
import importlib, os, sys
open("own.py", "w").write("VALUE = 1\n")
import own
print(own.VALUE, own.__file__, own.__cached__, os.path.exists("__pycache__"))
open("own.py", "w").write("VALUE = 222\n")
importlib.reload(own)
print(own.VALUE, sys.modules["own"] is own)

#: A package of its own
import os
os.makedirs("package/inner")
open("package/__init__.py", "w").write("from .inner import part\n")
open("package/inner/__init__.py", "w").write("")
open("package/inner/part.py", "w").write("from ... import package\nNAME = __name__\n")
import package
print(package.part.NAME, package.__path__)

#: runpy and exec of a file
import runpy
open("own.py", "w").write("print(__name__, __file__)\n")
runpy.run_path("own.py", run_name="__main__")
runpy.run_module("own")
import sys
print(sys.argv, __name__)

#: A program that imports itself
import sys
print(__name__)
if __name__ == "__main__":
    import main
    print(main is sys.modules["__main__"])

#: The debugger at the end of its input
x = 1
breakpoint()
x = 2

#: Dates
import datetime, time, zoneinfo
print(datetime.datetime(2024, 1, 1).astimezone(datetime.timezone.utc), datetime.datetime.fromtimestamp(0), time.localtime(0).tm_zone)

#: JSON, CSV and text
import csv, io, json, string, textwrap
out = io.StringIO()
csv.writer(out).writerows([[1, "a,b"], [2, 'c"d']])
print(json.dumps({"a": [1, None, "é"]}), repr(out.getvalue()), string.Template("$a").substitute(a=1), textwrap.fill("a b c", 3))

#: Signals by the timer
import signal, time
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.alarm(1)
signal.setitimer(signal.ITIMER_REAL, 0.01)
while not seen: time.sleep(0.001)
print("alarm")

#: Memory is traced from the program's start
import tracemalloc
tracemalloc.start()
kept = [bytes(1000) for _ in range(100)]
print(tracemalloc.get_traced_memory()[0] > 100_000, tracemalloc.take_snapshot().statistics("lineno")[0].traceback)

#: A limit on memory of its own
import resource
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
try: bytes(1 << 30)
except MemoryError: print("no memory")
raise MemoryError

#: A recursion limit of its own
import sys
sys.setrecursionlimit(5000)
def down(n): return n and down(n - 1)
print(down(3000), sys.getrecursionlimit())

#: argparse names the program
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.parse_args()

#: A program that changes its name, folder and variables
import os, sys
os.makedirs("inner")
os.chdir("inner")
sys.argv[0] = "other"
os.environ.clear()
file = open("left.txt", "w")
file.write("x")
def fail(): 1 / 0
fail()

#: A program that removes its folder
import os, shutil
def fail(): 1 / 0
shutil.rmtree(os.path.dirname(os.getcwd()))
fail()
