#: Standard output replaced by text in memory
import io, sys
print("before")
sys.stdout = io.StringIO()
print("swallowed")

#: Standard output replaced by an object of its own
import sys
class Out:
    def __init__(self, inner): self.inner = inner
    def write(self, text): return self.inner.write(text.upper())
    def flush(self): self.inner.flush()
sys.stdout = Out(sys.stdout)
print("loud")

#: Standard output replaced by an object that can only write
import sys
class Out:
    def write(self, text): sys.__stdout__.write(text)
sys.stdout = Out()
print("written")

#: Standard output replaced by an object whose flush fails
import sys
class Out:
    def write(self, text): pass
    def flush(self): raise ValueError("no flush")
sys.stdout = Out()

#: Standard output is None
import sys
print("before")
sys.stdout = None
print("nowhere")

#: Standard output is deleted
import sys
print("before")
del sys.stdout

#: Standard output is closed
import sys
print("before")
sys.stdout.close()

#: Standard error is closed
import sys
sys.stderr.close()
raise SystemExit("unseen")

#: The descriptor of standard output is closed
import os
print("buffered")
os.close(1)

#: The descriptor of standard error is closed
import os
os.close(2)
print("out")
raise ValueError("unseen")

#: All descriptors are closed
import os
os.closerange(0, 100)

#: Standard output detached
import sys
binary = sys.stdout.detach()
binary.write(b"binary\n")

#: Standard output opened again
import os, sys
print("first")
sys.stdout = os.fdopen(1, "w", buffering=1)
print("second")

#: Standard output opened again without closing
import sys
print("first", flush=True)
sys.stdout = open(1, "w", encoding="utf-16", closefd=False)
print("second")

#: Standard output configured anew
import sys
sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace", encoding="ascii", newline="\r\n")
print("Größe")

#: Standard output into a full device
import os, sys
os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
print("lost")

#: Standard error into a full device
import os, sys
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
print("lost", file=sys.stderr)

#: A reader that is gone
import os
read, write = os.pipe()
os.dup2(write, 1)
os.close(read)
os.close(write)
print("lost")

#: A write to a pipe whose reader is gone
import os
read, write = os.pipe()
os.close(read)
os.write(write, b"x")

#: Output redirected for a while
import contextlib, io
kept = io.StringIO()
with contextlib.redirect_stdout(kept): print("kept")
print(repr(kept.getvalue()))

#: The paths of standard output
import os
print("first", flush=True)
with open("/dev/stdout", "a") as out: out.write("second\n")
with open("/dev/fd/1", "wb") as out: out.write(b"third\n")
with open("/proc/self/fd/2", "w") as out: out.write("to stderr\n")

#: A shell that redirects
import os
print("first", flush=True)
print(os.system("echo out; echo err >&2; echo file > f; cat f; exit 3"))

#: Bytes that are no UTF-8
import os, sys
sys.stdout.buffer.write(b"\xff\xfe\n")
sys.stdout.flush()
os.write(2, b"\xe4\n")

#: Surrogates
print("a\udc80b")
print("a\ud800b")

#: All of Unicode
print("é 世界 🐍 \u200b|\u0301|\x07|\u202e")
import sys
print("é\udcff", file=sys.stderr)

#: Line ends are kept
import sys
sys.stdout.write("a\r\nb\rc\n")
sys.stdout.buffer.write(b"d\r\n")

#: Both streams keep their own order
import sys
for number in range(100):
    print(number)
    print(number, file=sys.stderr)

#: Much output
for number in range(20000): print(number)
import sys
sys.stderr.write("x" * 100_000)

#: Output through the C library
import ctypes
libc = ctypes.CDLL(None)
libc.puts(b"from C")
print("from Python")

#: Output that a C library keeps until the end
import ctypes
ctypes.CDLL(None).printf(b"no line end")

#: faulthandler on standard error
import faulthandler
faulthandler.enable()
print(faulthandler.is_enabled())
