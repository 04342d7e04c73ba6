#: print the fork server's words
import os
for number in range(1, 3):
    os.write(number, b'ready\nended 1 0\ntaken 1 1 1\nrefused 4\n')
raise OSError('nobody listens')
#: print MCP on standard output
print('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}')
raise OSError('nobody listens')
#: write to every descriptor
import os
for number in range(3, 1024):
    try: os.write(number, b'ended 1 0'); reached()
    except OSError: pass
raise OSError('none')
#: close every descriptor
import os
print('closing', flush=True)
os.closerange(0, 4096)
#: replace the standard descriptors
import os
null = os.open('/dev/null', os.O_RDWR)
print('replacing', flush=True)
for number in range(3): os.dup2(null, number)
#: raise its own limits
import resource
for limit in (resource.RLIMIT_CORE,):
    try: resource.setrlimit(limit, (1 << 30, 1 << 30)); reached()
    except ValueError as refused: raise OSError(refused)
#: unmount and chroot
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.umount2(b'/proc', 2) == 0 or libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None) == 0: reached()
os.chroot('.'); reached()
#: rename its folder
import os
root = os.path.dirname(os.getcwd())
os.rename(root, root + '-other'); reached()
#: rename its home
import os
os.rename(os.getcwd(), os.getcwd() + '-other'); reached()
#: make its folder unreadable
import os
os.chmod(os.environ['TMPDIR'], 0)
os.chmod('.', 0)
raise OSError('its own')
#: a link where we clean up
import os
os.symlink('{FOLDER}', 'out')
os.symlink('/etc', os.environ['TMPDIR'] + '/etc')
os.mkfifo('fifo')
raise OSError('its own')
#: a link in the place of its program
import os
os.remove('main.py')
os.symlink('{FOLDER}/.env', 'main.py')
raise OSError('its own')
#: a link in the place of its home
import os, shutil
home = os.getcwd()
shutil.rmtree(home, ignore_errors=True)
os.symlink('{FOLDER}', home); reached()
#: push characters into the terminal
import fcntl, os
try: fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), 0x5412, b'x'); reached()
except OSError: pass
fcntl.ioctl(0, 0x5412, b'x'); reached()
#: change the runner's own modules
import sys, atexit, gc, os
for module in (sys, os, atexit, gc):
    for name in list(vars(module)):
        if name.startswith('_exit') or name in ('excepthook', 'collect', 'flush', 'get_objects'):
            setattr(module, name, lambda *_: None)
print('done')
#: exit while it starts
import os
os._exit(0)
#: deep recursion
import sys
sys.setrecursionlimit(10 ** 6)
def deeper(n): return deeper(n + 1)
deeper(0)
#: a huge integer as text
print(len(str(10 ** 5000)))
#: an exception whose text raises
class Crafted(Exception):
    def __str__(self): raise Crafted()
    __repr__ = __str__
raise Crafted()
#: an exit that isn't one
class Leave(SystemExit):
    code = property(lambda self: 1 / 0)
raise Leave()
#: a traceback without end
raise ValueError('x' * 100_000_000)
#: replaced streams
import sys
class Stream:
    closed = property(lambda self: 1 / 0)
    def write(self, text): raise RuntimeError
    def flush(self): raise RuntimeError
sys.stdout = sys.stderr = Stream()
raise ValueError
#: a program with the set-user-ID bit
import os, subprocess
shown = subprocess.run(['{SETUID}', '-u'], capture_output=True, text=True).stdout.strip()
if shown == '0' and os.getuid() != 0: reached()
raise OSError(shown)
