#: sys.exit with an empty tuple
# The interpreter sees what was given to SystemExit before it is made; code that catches it sees SystemExit().
import sys
sys.exit(())

#: sys.exit in an atexit function
# A fault of a function that isn't written in Python has no place, so the nearest line of Python is shown: one of ours.
import atexit, sys
atexit.register(print, "first registered")
atexit.register(sys.exit, 7)

#: __del__ that fails
# The interpreter can't read the source any more when it ends; here the line is shown.
class Thing:
    def __del__(self): raise ValueError("in del")
thing = Thing()
print("end")

#: __del__ of what a module of its own holds
# What is in cycles goes all at once, in no order that is promised; of several modules the order isn't the same.
open("own.py", "w").write("class Thing:\n    def __del__(self): print('del', NAME)\nNAME = 'own'\nthing = Thing()\n")
import own
class Mine:
    def __del__(self): print("del mine", own.NAME)
mine = Mine()

#: A coroutine that is never awaited until the end
# A warning at the end has no place in the program: the interpreter calls it sys:1, here it is a line of ours.
async def work(): pass
kept = work()
print("end")

#: Objects in the modules that Python brings
# Those modules belong to the server's heap, and emptying them would cost each job what the fork saved.
import collections, string
class Thing:
    def __del__(self): print("del")
thing = Thing()
collections.kept = thing
print("end")

#: The stack below a program
# One frame of ours is below it.
import inspect
print(len(inspect.stack()))

#: A printed stack
# One frame of ours is below it.
import traceback
traceback.print_stack()

#: The deepest recursion
# One frame of ours is below it.
depth = 0
def down():
    global depth
    depth += 1
    down()
try: down()
except RecursionError: print(depth)

#: A warning that points above the program
# One frame of ours is there.
import warnings
warnings.warn('where', UserWarning, stacklevel=2)

#: Modules that are there at the start
# They are imported ahead.
import sys
print('typing' in sys.modules)

#: A file that is named like a module imported ahead
# Python looks into the program's folder first, but not for a module that it has.
open('random.py', 'w').write('OWN = 1')
import random
print(hasattr(random, 'OWN'))

#: Objects that collections leave alone
# What the server had made is frozen, or each job's first collection would copy it.
import gc
print(gc.get_freeze_count() > 0)

#: The command line in the process table
# The kernel tells that of the server.
print(open('/proc/self/cmdline').read().split('\0')[1:])

#: The environment in the process table
# The kernel tells that of the server.
import os
print('HOME=' + os.environ['HOME'] in open('/proc/self/environ').read().split('\0'))

#: A profiler that is left on
# What is done by hand at the end is Python and so is profiled.
import sys
sys.setprofile(lambda frame, event, argument: event == 'call' and sys.__stdout__.write(frame.f_code.co_name + '\n'))
