"""Builds what heroku/python puts into a slug: a Python that can stand anywhere and doesn't start without LD_LIBRARY_PATH.

usage: relocated_python.py FOLDER       needs gcc, and the shared library of this interpreter (Debian: libpython3.11)

Debian's own python3 is linked statically, so a launcher of three lines is linked with the shared library. The library goes by another
name inside, else the launcher would find the system's.
"""
import glob
import pathlib
import shutil
import subprocess
import sys
import sysconfig

version = "%d.%d" % sys.version_info[:2]
name, other = (f"libpython{prefix}{version[1:]}.so.1.0" for prefix in (version[0], "9"))
root = pathlib.Path(sys.argv[1])
libraries = glob.glob(f"/usr/lib/*/{name}") + glob.glob(f"{sysconfig.get_config_var('LIBDIR')}/{name}")
if not libraries:
    sys.exit(f"There is no {name}. Install it (Debian: apt-get install libpython{version}).")

(root / "bin").mkdir(parents=True)
(root / "lib").mkdir()
library = root / "lib" / other
library.write_bytes(pathlib.Path(libraries[0]).read_bytes().replace(name.encode() + b"\0", other.encode() + b"\0"))
source = root / "launcher.c"
source.write_text("int Py_BytesMain(int, char **);\nint main(int count, char **words) { return Py_BytesMain(count, words); }\n")
subprocess.run(["gcc", "-O1", "-o", root / "bin" / f"python{version}", source, library], check=True, timeout=60)
source.unlink()
for link in ("python", "python3"):
    (root / "bin" / link).symlink_to(f"python{version}")

left_out = shutil.ignore_patterns("test", "config-*", "idlelib", "tkinter", "EXTERNALLY-MANAGED")
shutil.copytree(sysconfig.get_path("stdlib"), root / "lib" / f"python{version}", ignore=left_out, ignore_dangling_symlinks=True)
# Where Debian's Python looks for what is installed; another's is one folder deeper.
packages = root / "lib" / ("python3/dist-packages" if pathlib.Path("/usr/lib/python3/dist-packages").exists() else f"python{version}/site-packages")
import pip  # noqa: E402
shutil.copytree(pathlib.Path(pip.__file__).parent, packages / "pip", dirs_exist_ok=True)
for about in pathlib.Path(pip.__file__).parent.parent.glob("pip-*-info"):
    shutil.copytree(about, packages / about.name, dirs_exist_ok=True)
