#: read a neighbour's file
print(open('{SIBLING_HOME}/mine.txt').read())
#: write a neighbour's file
open('{SIBLING_HOME}/mine.txt', 'w').write('changed'); reached()
#: list a neighbour's folder
import os
print(os.listdir('{SIBLING_HOME}')); reached()
#: list the folder of all jobs
import os
print(os.listdir(os.path.dirname(os.path.dirname(os.getcwd())))); reached()
#: a neighbour's command line and environment
print(open('/proc/{SIBLING}/cmdline').read(), open('/proc/{SIBLING}/environ').read()); reached()
#: enter a neighbour's working directory by its process
import os
print(os.listdir('/proc/{SIBLING}/cwd')); reached()
#: signal the worker
import os, signal
for send in (lambda: os.kill({WORKER}, signal.SIGUSR1), lambda: os.kill({WORKER}, 0)): send(); reached()
#: signal a neighbour
import os, signal
os.kill({SIBLING}, 0); reached()
#: signal a neighbour by a file descriptor
import os, signal
signal.pidfd_send_signal(os.pidfd_open({SIBLING}), 0); reached()
#: signal the parent
import os
os.kill(os.getppid(), 9); reached()
#: signal everybody
import os
# Of its own it has nobody beside itself.
os.kill(-1, 9); reached()
#: signal the group of the worker
import os
os.killpg({WORKER}, 9); reached()
#: limits of the worker
import resource
resource.prlimit({WORKER}, resource.RLIMIT_NOFILE, (8, 8)); reached()
#: limits of a neighbour
import resource
resource.prlimit({SIBLING}, resource.RLIMIT_CPU, (1, 1)); reached()
#: the priority of a neighbour
import os
os.setpriority(os.PRIO_PROCESS, {SIBLING}, 19); reached()
#: the cores of a neighbour
import os
os.sched_setaffinity({SIBLING}, {0}); reached()
#: who goes first when memory is short
open('/proc/{WORKER}/oom_score_adj', 'w').write('1000'); reached()
#: a module in the environment
import os, sys
open(os.path.join([path for path in sys.path if 'site-packages' in path][0], 'sitecustomize.py'), 'w').write('print("poisoned")'); reached()
#: a .pth in the environment
import os, sys
for path in sys.path:
    try: open(os.path.join(path, 'evil.pth'), 'w').write('import os; print("poisoned")')
    except OSError: continue
    if path != os.getcwd(): reached()
raise OSError('none')
#: a package's own file
import kettle
open(kettle.__file__, 'a').write('\nprint("poisoned")'); reached()
#: a package's compiled file
import kettle
open(kettle.__cached__, 'r+b').write(b'x' * 16); reached()
#: the rights of a package's file
import os, kettle
os.chmod(kettle.__file__, 0o777)
open(kettle.__file__, 'a').write('\nprint("poisoned")'); reached()
#: another file in the place of a package's
import os, kettle
open('kettle.py', 'w').write('print("poisoned")')
os.rename('kettle.py', kettle.__file__); reached()
#: the interpreter of the environment
import os, sys
os.remove(sys.executable); reached()
#: the wheel store
import os, sys
store = os.path.dirname(os.path.dirname(sys.prefix)) + '/wheels'
print(os.listdir(store)); reached()
#: the fork server's modules
import os
# What a child changes is its own copy; the next program shows whether it is.
import json
json.dumps = lambda *_: 'poisoned'
import builtins
builtins.print_before = print
builtins.print = lambda *_: print_before('poisoned')
raise OSError('only here')
#: files in /tmp
open('/tmp/codeexec-left', 'w').write('left'); reached()
#: files in the home of the service
open('{FOLDER}/left', 'w').write('left'); reached()
#: SysV shared memory, semaphores and queues
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for call in (29, 64, 68):
    if libc.syscall(call, 0x1234, 64 if call == 29 else 1, 0o1666) >= 0: reached()
raise OSError(ctypes.get_errno(), 'refused')
#: POSIX queues
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(240, b'codeexec-left', 0o102, 0o600, None) >= 0: reached()
raise OSError(ctypes.get_errno(), 'refused')
#: a lock on the environment
import fcntl, os, sys
manifest = os.open(os.path.join(sys.prefix, 'environment.json'), os.O_RDWR)
fcntl.flock(manifest, fcntl.LOCK_EX); reached()
