#: the environment of the worker
print(open('/proc/{WORKER}/environ', 'rb').read())
#: the environment of every process
import os
for pid in range(1, 70000):
    try: text = open(f'/proc/{pid}/environ').read()
    except OSError: continue
    if 's3' 'cret' in text: print(pid, text)
#: the memory of the worker
import os, re
for line in open('/proc/{WORKER}/maps'):
    first, last = (int(n, 16) for n in line.split()[0].split('-'))
    if 'rw' in line and last - first < 1 << 24:
        memory = os.open('/proc/{WORKER}/mem', os.O_RDONLY)
        if b's3' b'cret' in os.pread(memory, last - first, first): reached()
#: the descriptors of the worker
import os
for name in os.listdir('/proc/{WORKER}/fd'):
    os.close(os.open(f'/proc/{WORKER}/fd/{name}', os.O_RDWR)); reached()
#: the descriptors of the fork server
import os
parent = os.getppid()
for name in os.listdir(f'/proc/{parent}/fd'): reached()
#: the working directory and root of the worker
import os
print(os.readlink('/proc/{WORKER}/cwd')); reached()
#: ptrace of the worker
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, {WORKER}, 0, 0) == 0: reached()
raise OSError(ctypes.get_errno(), 'refused')
#: ptrace of the fork server
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, os.getppid(), 0, 0) == 0: reached()
raise OSError(ctypes.get_errno(), 'refused')
#: process_vm_readv of the fork server
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(64)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
if libc.process_vm_readv(os.getppid(), vector, 1, vector, 1, 0) > 0: reached()
raise OSError(ctypes.get_errno(), 'refused')
#: the memory of the fork server
import os
open(f'/proc/{os.getppid()}/mem', 'rb').close(); reached()
#: pidfd_getfd of the worker
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, {WORKER}, 0)
for number in range(64):
    if pidfd >= 0 and libc.syscall(438, pidfd, number, 0) >= 0: reached()
raise OSError('refused')
#: a core dump
import resource
try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); reached()
except ValueError as refused:
    raise OSError(refused)
#: the diagnostics socket of .NET
import glob, socket
for place in glob.glob('/tmp/dotnet-diagnostic-{WORKER}-*') or ['/tmp/dotnet-diagnostic-{WORKER}-1-socket']:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place); reached()
#: an inherited descriptor
import os, stat
for number in range(3, 4096):
    try: kind = os.fstat(number).st_mode
    except OSError: continue
    print(number, oct(kind)); reached()
raise OSError('none')
#: the settings file of the worker
print(open('{FOLDER}/.env').read())
#: a configuration of pip with credentials
import os
for path in ('/root/.config/pip/pip.conf', '/root/.pip/pip.conf', '{FOLDER}/.config/pip/pip.conf'):
    try: print(open(path).read())
    except OSError: pass
raise OSError('none')
#: an abstract socket
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect('\0{ABSTRACT}'); reached()
#: a Unix socket of the same host
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect('{SOCKET}'); reached()
#: raw packets and netlink
import socket
for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW), (40, socket.SOCK_STREAM)):
    try: socket.socket(family, kind).close(); reached()
    except OSError: pass
raise OSError('none')
#: io_uring, keyrings, namespaces and BPF
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for call in (425, 321, 323, 298):
    if libc.syscall(call, 1, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != 1: reached()
for call, flags in ((272, 0x10000000), (250, 0), (56, 0x10000000 | 17)):
    ctypes.set_errno(0)
    if libc.syscall(call, flags, 0, 0, 0, 0) > 0 or ctypes.get_errno() != 1: reached()
raise OSError('refused')
