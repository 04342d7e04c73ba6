"""Tells the worker what this interpreter is. Run with -I, so that nothing but the installation speaks.

The first call of a service waits for this, and sysconfig, json and importlib.metadata take three times as long to import as Python takes
to start (50 ms against 10): the same is told without them where that is possible.
"""
import os
import site
import sys
from importlib.machinery import EXTENSION_SUFFIXES


def abi():
    # ".cpython-311-x86_64-linux-gnu.so"; without a tag the build names none.
    parts = EXTENSION_SUFFIXES[0].split(".")
    return parts[1] if len(parts) == 3 else sys.implementation.cache_tag


def pip_version():
    for folder in sys.path:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.startswith("pip-") and name.endswith(".dist-info"):
                return name[len("pip-") : -len(".dist-info")]
    try:
        from importlib.metadata import version

        return version("pip")
    except Exception:
        return ""


in_virtual_environment = sys.prefix != sys.base_prefix
answer = [
    sys.executable,
    "%d.%d.%d" % sys.version_info[:3],
    pip_version(),
    os.path.dirname(os.path.realpath(getattr(sys, "_base_executable", sys.executable))),
    abi(),
    ",".join(sorted(getattr(sys, "stdlib_module_names", ()))),
]
if in_virtual_environment:
    answer += site.getsitepackages()
# Separated by what no path can hold, and set apart by it from a warning before it.
print("", *answer, "", sep="\0", flush=True)
# Taking the interpreter apart takes 3 ms.
os._exit(0)
