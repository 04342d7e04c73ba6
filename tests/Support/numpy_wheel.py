"""Packs the numpy that this interpreter has (Debian: python3-numpy) into a wheel, so that pip can install it without an index.

usage: numpy_wheel.py FOLDER        prints the wheel's path; one that is there already is kept

The wheel fits this machine alone: its compiled modules use the system's BLAS. numpy's own tests are left out, and with them half
of its size. Its version is the installed one's with "+repacked": whoever asks for that version gets this wheel installed, even
where the interpreter's own numpy would do otherwise.
"""
import base64
import hashlib
import importlib.metadata
import importlib.util
import os
import pathlib
import sys
import sysconfig
import zipfile


def payload(package):
    """Every file of the package as (path in the wheel, path on disk). Debian keeps some of its folders elsewhere, behind links."""
    # One from an index has its libraries beside it.
    for root in (package, package.with_name("numpy.libs")):
        for folder, folders, files in os.walk(root, followlinks=True):
            folders[:] = sorted(set(folders) - {"__pycache__", "tests"})
            for name in sorted(files):
                if not name.endswith(".pyc"):
                    path = pathlib.Path(folder, name)
                    yield path.relative_to(package.parent).as_posix(), path


def metadata_of(distribution, version):
    """Debian's egg-info may state an older Metadata-Version than wheels are allowed to have."""
    lines = distribution.read_text("PKG-INFO" if distribution.read_text("METADATA") is None else "METADATA").splitlines()
    kept = [line for line in lines if not line.startswith(("Metadata-Version:", "Version:"))]
    return "\n".join(["Metadata-Version: 2.1", f"Version: {version}", *kept]) + "\n"


def pack(folder):
    spec = importlib.util.find_spec("numpy")
    if spec is None:
        sys.exit(f"{sys.executable} has no numpy to pack. Install it (Debian and Ubuntu: apt-get install python3-numpy).")
    distribution = importlib.metadata.distribution("numpy")
    python = "cp%d%d" % sys.version_info[:2]
    tag = f"{python}-{python}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    version = f"{distribution.version}+repacked"
    wheel = folder / f"numpy-{version}-{tag}.whl"
    if wheel.exists():
        return wheel

    folder.mkdir(parents=True, exist_ok=True)
    about = f"numpy-{version}.dist-info"
    contents = [(name, path.read_bytes()) for name, path in payload(pathlib.Path(spec.submodule_search_locations[0]))]
    contents.append((f"{about}/METADATA", metadata_of(distribution, version).encode()))
    contents.append((f"{about}/WHEEL", f"Wheel-Version: 1.0\nGenerator: numpy_wheel\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()))
    record = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}" for name, data in contents]
    contents.append((f"{about}/RECORD", ("\n".join([*record, f"{about}/RECORD,,"]) + "\n").encode()))

    # Under another name first: pip must never see half a wheel.
    unfinished = folder / f".{os.getpid()}.part"
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in contents:
            archive.writestr(name, data)
    unfinished.rename(wheel)
    return wheel


print(pack(pathlib.Path(sys.argv[1]).absolute()))
