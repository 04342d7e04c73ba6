#: A thread that outlives the program's last line
import threading, time
started = threading.Event()
def work():
    started.wait()
    time.sleep(0.01)
    print("thread")
threading.Thread(target=work).start()
started.set()
print("main")

#: A daemon thread is not waited for
import threading, time
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
print("main")

#: A daemon thread that is busy when the program ends
import threading, time
count = 0
def work():
    global count
    while True:
        count += 1
        time.sleep(0.0001)
for _ in range(4): threading.Thread(target=work, daemon=True).start()
file = open("left.txt", "w")
file.write("x")
time.sleep(0.02)
print("main")

#: A daemon thread with an object that has a finalizer
import threading, time
class Thing:
    def __del__(self): print("del")
thing = Thing()
def work():
    while True: time.sleep(100)
threading.Thread(target=work, daemon=True).start()
print("main")

#: A thread that starts another one at the end
import threading
first_ended = threading.Event()
def second(): print("second")
def first():
    print("first")
    threading.Thread(target=second).start()
threading.Thread(target=first).start()

#: Threads after an error
import threading, time
threading.Thread(target=lambda: (time.sleep(0.01), print("thread"))).start()
raise ValueError("main")

#: A pool of threads
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(4)
print(list(pool.map(lambda n: n * n, range(10))))
late = pool.submit(print, "late")

#: A timer
import threading
threading.Timer(0.01, print, ("timer",)).start()
print("main")

#: Local data of threads and context variables
import contextvars, threading
variable = contextvars.ContextVar("variable", default=1)
local = threading.local()
local.x = 1
def work(): print(hasattr(local, "x"), variable.get())
variable.set(2)
thread = threading.Thread(target=work)
thread.start()
thread.join()

#: multiprocessing by fork
import multiprocessing
def work(queue, n): queue.put(n * n)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=work, args=(queue, n)) for n in range(3)]
    for worker in workers: worker.start()
    print(sorted(queue.get() for _ in workers))
    for worker in workers: worker.join()
    print([worker.exitcode for worker in workers], multiprocessing.current_process().name)

#: multiprocessing by spawn
import multiprocessing, os
class Point:
    def __init__(self, x): self.x = x
def work(point): return Point(point.x + 1)
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool: print([point.x for point in pool.map(work, [Point(1), Point(2)])])

#: multiprocessing by a fork server of its own
import multiprocessing, os, sys
def work(path): print(os.getcwd() == path, sys.argv, __name__, flush=True)
if __name__ == "__main__":
    worker = multiprocessing.get_context("forkserver").Process(target=work, args=(os.getcwd(),))
    worker.start()
    worker.join()
    print(worker.exitcode)

#: The folder and arguments of a spawned process
import multiprocessing, os, sys
def work(path): print(os.getcwd() == path, sys.argv, __name__, os.path.exists("main.py"), flush=True)
if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(os.getcwd(),))
    worker.start()
    worker.join()
    print(worker.exitcode)

#: A pool of processes
import multiprocessing
def square(n): return n * n
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool: print(pool.map(square, range(10)))

#: A pool of processes that is left open
from concurrent.futures import ProcessPoolExecutor
def square(n): return n * n
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2)
    print(list(pool.map(square, range(5))))

#: A process that fails
import multiprocessing
def work(): raise ValueError("in a process")
if __name__ == "__main__":
    worker = multiprocessing.Process(target=work)
    worker.start()
    worker.join()
    print(worker.exitcode)

#: Shared memory, locks and managers
import multiprocessing
from multiprocessing import shared_memory
def add(value, lock):
    for _ in range(100):
        with lock: value.value += 1
if __name__ == "__main__":
    value, lock = multiprocessing.Value("i", 0), multiprocessing.Lock()
    workers = [multiprocessing.Process(target=add, args=(value, lock)) for _ in range(3)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    memory = shared_memory.SharedMemory(create=True, size=16)
    memory.buf[:2] = b"ab"
    print(value.value, bytes(memory.buf[:2]))
    memory.close()
    memory.unlink()
    with multiprocessing.Manager() as manager: print(manager.list([1, 2]))

#: asyncio
import asyncio
async def work(n):
    await asyncio.sleep(0.001)
    return n * n
async def main(): print(await asyncio.gather(*(work(n) for n in range(5))))
asyncio.run(main())

#: asyncio with a process
import asyncio
async def main():
    child = await asyncio.create_subprocess_exec("echo", "child", stdout=asyncio.subprocess.PIPE)
    print(await child.communicate(), child.returncode)
asyncio.run(main())

#: asyncio with a task that fails unseen
import asyncio
async def fail(): raise ValueError("unseen")
async def main():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
asyncio.run(main())

#: asyncio with a signal, a thread and a time limit
import asyncio, os, signal
async def main():
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(seen.wait(), 5)
    print("seen", await asyncio.to_thread(lambda: 3))
    try:
        async with asyncio.timeout(0.01): await asyncio.sleep(10)
    except TimeoutError: print("late")
asyncio.run(main())

#: asyncio ended by an error
import asyncio
async def main(): raise ValueError("in main")
asyncio.run(main())

#: A Python of its own
import subprocess, sys
child = subprocess.run([sys.executable, "-c", "import sys, os; print(sys.prefix, sys.argv, os.getcwd()); sys.exit(5)"], capture_output=True, text=True)
print(child.returncode, child.stdout, child.stderr)

#: Its own file run again
import subprocess, sys
if len(sys.argv) > 1: print("child", sys.argv[1:])
else: print(subprocess.run([sys.executable, __file__, "again"], capture_output=True, text=True).stdout)

#: Commands that are found on the path
import shutil, subprocess
print(shutil.which("python"), shutil.which("python3"), subprocess.run(["python3", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True).stdout)

#: A command that fails
import subprocess
subprocess.run(["false"], check=True)

#: A command that runs past its time
import subprocess
try: subprocess.run(["sleep", "100"], timeout=0.01)
except subprocess.TimeoutExpired as late: print(late.cmd, late.stdout)

#: A pipeline
import subprocess
print(subprocess.run("printf 'b\\na\\n' | sort", shell=True, capture_output=True, text=True))

#: Signals that a child starts with
import subprocess
print(subprocess.run(["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"], capture_output=True, text=True, restore_signals=False).stdout)

#: A server and a client in one program
import http.server, threading, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_): pass
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{server.server_port}/").read())
    server.shutdown()
