"""Unpacks wheels, each into a folder of its own, as the binary distribution format wants it, and compiles their modules.

usage: WHEEL FOLDER [WHEEL FOLDER …]        run with -I; each FOLDER is there and empty

A folder gets "site-packages" and "bin"; what goes where is what "pip install --target" would do. A command whose first line is
"#!python" waits for the environment's own interpreter there. Ends with 0, or with 1 and one line that says why a wheel is refused.
Nothing of a wheel is run.
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""
import base64
import compileall
import configparser
import csv
import hashlib
import io
import os
import re
import sys
import warnings
import zipfile
import zlib

COMMAND = """#!python
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({function}())
"""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, UnicodeError, csv.Error, configparser.Error, NotImplementedError, RuntimeError)


class Refused(Exception):
    pass


def parts_of(name):
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts:
        raise Refused("its entry %r lies outside the folder that it is installed into" % name)
    return parts


def information_folder(names):
    """The one .dist-info folder: what the wheel says about itself."""
    found = {name.split("/", 1)[0] for name in names if "/" in name and name.split("/", 1)[0].endswith(".dist-info")}
    if len(found) != 1:
        raise Refused("it has %d .dist-info folders, and must have one" % len(found))
    return found.pop()


def check_format(archive, information):
    text = archive.read(information + "/WHEEL").decode()
    version = re.search(r"^Wheel-Version:\s*(\d+)", text, re.MULTILINE)
    if version is None or version.group(1) != "1":
        raise Refused("it is not of wheel format 1, the only one there is")


def recorded_digests(archive, information):
    rows = csv.reader(io.StringIO(archive.read(information + "/RECORD").decode()))
    return {row[0]: row[1] for row in rows if len(row) > 1 and row[1]}


def commands_of(archive, names, information):
    """The commands that the entry points describe, as name and module:function."""
    if information + "/entry_points.txt" not in names:
        return {}
    entries = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    entries.optionxform = str
    entries.read_string(archive.read(information + "/entry_points.txt").decode())
    return {name: value for group in ("console_scripts", "gui_scripts") if entries.has_section(group) for name, value in entries.items(group)}


def command_text(name, value):
    parsed = re.fullmatch(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?\s*", value)
    if parsed is None or "/" in name or name in ("", ".", ".."):
        raise Refused("its command %r is no command: %r" % (name, value))
    module, function = parsed.group(1), parsed.group(2)
    return COMMAND.format(module=module, first=function.split(".")[0], function=function)


def place_of(name, information, commands):
    """Where an entry goes below the wheel's folder; None for what installing writes itself."""
    parts = parts_of(name)
    if parts[0] == information and parts[1:] in (["INSTALLER"], ["REQUESTED"], ["direct_url.json"]):
        return None
    if not parts[0].endswith(".data"):
        return ["site-packages", *parts]
    if len(parts) < 3:
        raise Refused("its entry %r is in no folder that the format knows" % name)
    kind, rest = parts[1], parts[2:]
    if rest[0].endswith(".dist-info"):
        raise Refused("its entry %r speaks for another package" % name)
    if kind in ("purelib", "platlib"):
        return ["site-packages", *rest]
    if kind == "scripts":
        return None if re.sub(r"(-script\.py|\.exe|\.pya)$", "", rest[-1]) in commands else ["bin", *rest]
    if kind == "headers":
        return ["site-packages", "include", "python", information.split("-", 1)[0], *rest]
    if kind == "data":
        # pip's target is the root of data too, and its commands are in bin, its modules in lib/python.
        if rest[0] == "bin" and len(rest) > 1:
            return rest
        return ["site-packages", *(rest[2:] if rest[:2] == ["lib", "python"] and len(rest) > 2 else rest)]
    raise Refused("its entry %r is in no folder that the format knows" % name)


def write(archive, name, path, wanted):
    """Writes one entry and checks it against the wheel's own list. Links in an archive become plain files, as with pip."""
    algorithm, _, digest = wanted.partition("=")
    check = hashlib.new(algorithm) if algorithm in hashlib.algorithms_guaranteed else None
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with archive.open(name) as source, open(path, "wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
            if check is not None:
                check.update(block)
    if check is not None and base64.urlsafe_b64encode(check.digest()).decode().rstrip("=") != digest:
        raise Refused("its entry %r is not what its RECORD says" % name)
    if archive.getinfo(name).external_attr >> 16 & 0o111:
        make_executable(path)


def write_text(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def make_executable(path):
    os.chmod(path, os.stat(path).st_mode | 0o111)


def record_path(place):
    """As RECORD spells it: seen from site-packages, which is three folders below an environment's root."""
    return "/".join(place[1:] if place[0] == "site-packages" else ["..", "..", "..", *place])


def unpack(wheel, folder):
    packages = os.path.join(folder, "site-packages")
    with zipfile.ZipFile(wheel) as archive:
        names = dict.fromkeys(name for name in archive.namelist() if not name.endswith("/"))
        information = information_folder(names)
        check_format(archive, information)
        digests = recorded_digests(archive, information)
        commands = commands_of(archive, names, information)
        rows = {}
        for name in names:
            place = place_of(name, information, commands)
            if place is None:
                continue
            path = os.path.join(folder, *place)
            write(archive, name, path, digests.get(name, ""))
            rows[record_path(place)] = (digests.get(name, ""), archive.getinfo(name).file_size)
            if place[0] == "bin":
                make_executable(path)
                # Its first line changes with the environment.
                rows[record_path(place)] = ("", "")
    for name, value in commands.items():
        path = os.path.join(folder, "bin", name)
        write_text(path, command_text(name, value))
        make_executable(path)
        rows[record_path(["bin", name])] = ("", "")
    write_text(os.path.join(packages, information, "INSTALLER"), "pip\n")
    # A module that doesn't compile stays as it is, as with pip.
    compileall.compile_dir(packages, maxlevels=100, quiet=2, force=True)
    for place, _, files in os.walk(packages):
        for file in files:
            rows.setdefault(os.path.relpath(os.path.join(place, file), packages).replace(os.sep, "/"), ("", ""))
    rows[information + "/RECORD"] = ("", "")
    with open(os.path.join(packages, information, "RECORD"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([path, *entry] for path, entry in sorted(rows.items()))


warnings.simplefilter("ignore")
for wheel, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        unpack(wheel, folder)
    except (Refused, KeyError, *DAMAGED) as fault:
        print("The wheel %s is refused: %s." % (os.path.basename(wheel), str(fault) if isinstance(fault, Refused) else "it is damaged (%s)" % fault))
        sys.exit(1)
    except OSError as fault:
        print("The wheel %s could not be unpacked: %s." % (os.path.basename(wheel), fault))
        sys.exit(1)
