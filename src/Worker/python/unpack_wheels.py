"""Unpacks wheels, each into a folder of its own, as the binary distribution format wants it, and compiles their modules.

usage: MOST WHEEL FOLDER [WHEEL FOLDER …]        run with -I; each FOLDER is there and empty

All wheels together may take MOST bytes on the disk. A folder gets "site-packages" and "bin"; what goes where is what "pip install --target"
would do. A command whose first line is "#!python" waits for the environment's own interpreter there. Ends with 0, or with one line that says
why a wheel is refused: with 2 when it is too large, else with 1. Nothing of a wheel is run.
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""
import base64
import compileall
import configparser
import csv
import hashlib
import importlib.util
import io
import os
import re
import resource
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
MEGABYTE = 1 << 20
# Names and inodes take space, too.
LEAST_FILE_BYTES = 4096
# What is read whole. The largest lists of files that are known have some megabytes.
MOST_TEXT_BYTES = 16 * MEGABYTE


class Refused(Exception):
    pass


class TooLarge(Refused):
    pass


class Room:
    """What all wheels may take on the disk, asked before anything is written: a megabyte of an archive can hold a gigabyte."""

    def __init__(self, most):
        self.most, self.before, self.taken = most, 0, 0

    def next_wheel(self):
        self.before = self.taken

    def take(self, size):
        self.taken += size
        if self.taken > self.most:
            needs, before, most = (self.taken - self.before) / MEGABYTE, self.before / MEGABYTE, self.most / MEGABYTE
            beside = "" if before == 0 else ", beside the %.1f MB of those before it" % before
            raise TooLarge("it takes %.1f MB unpacked%s, and the packages of one call may take %.1f MB" % (needs, beside, most))


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


def read_text(archive, name):
    size = archive.getinfo(name).file_size
    if size > MOST_TEXT_BYTES:
        raise TooLarge("its %s has %.1f MB, and %d MB is the limit" % (name, size / MEGABYTE, MOST_TEXT_BYTES / MEGABYTE))
    return archive.read(name).decode()


def check_format(archive, information):
    text = read_text(archive, information + "/WHEEL")
    version = re.search(r"^Wheel-Version:\s*(\d+)", text, re.MULTILINE)
    if version is None or version.group(1) != "1":
        raise Refused("it is not of wheel format 1, the only one there is")


def recorded_digests(archive, information):
    rows = csv.reader(io.StringIO(read_text(archive, information + "/RECORD")))
    return {row[0]: row[1] for row in rows if len(row) > 1 and row[1]}


def commands_of(archive, names, information):
    """The commands that the entry points describe, as name and module:function."""
    if information + "/entry_points.txt" not in names:
        return {}
    entries = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    entries.optionxform = str
    entries.read_string(read_text(archive, information + "/entry_points.txt"))
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
    place = target_of(name, parts, information, commands)
    # In any spelling, as Python looks for them; the wheel's own is no place for what its data folder brings.
    if place and place[0] == "site-packages" and place[1].lower().endswith(".dist-info") and parts[0] != information:
        raise Refused("its entry %r speaks for another package" % name)
    return place


def target_of(name, parts, information, commands):
    if parts[0] == information and parts[1:] in (["INSTALLER"], ["REQUESTED"], ["direct_url.json"]):
        return None
    if not parts[0].endswith(".data"):
        return ["site-packages", *parts]
    if len(parts) < 3:
        raise Refused("its entry %r is in no folder that the format knows" % name)
    kind, rest = parts[1], parts[2:]
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


def make_folder(path, room):
    if not os.path.isdir(path):
        make_folder(os.path.dirname(path), room)
        room.take(LEAST_FILE_BYTES)
        os.mkdir(path)


def write(archive, name, path, wanted, room):
    """Writes one entry and checks it against the wheel's own list. Links in an archive become plain files, as with pip."""
    algorithm, _, digest = wanted.partition("=")
    check = hashlib.new(algorithm) if algorithm in hashlib.algorithms_guaranteed else None
    make_folder(os.path.dirname(path), room)
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


def compile_modules(packages, room):
    """As compileall does it for a folder, but counted: a line of source can become kilobytes."""
    for place, folders, files in os.walk(packages):
        folders[:] = [folder for folder in folders if folder != "__pycache__"]
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(place, file)
                # A module that doesn't compile stays as it is, as with pip.
                compileall.compile_file(path, quiet=2, force=True)
                compiled = importlib.util.cache_from_source(path)
                if os.path.exists(compiled):
                    room.take(max(os.path.getsize(compiled), LEAST_FILE_BYTES))


def unpack(wheel, folder, room):
    room.next_wheel()
    packages = os.path.join(folder, "site-packages")
    with zipfile.ZipFile(wheel) as archive:
        names = dict.fromkeys(name for name in archive.namelist() if not name.endswith("/"))
        information = information_folder(names)
        room.take(sum(max(archive.getinfo(name).file_size, LEAST_FILE_BYTES) for name in names))
        check_format(archive, information)
        digests = recorded_digests(archive, information)
        commands = commands_of(archive, names, information)
        room.take(len(commands) * LEAST_FILE_BYTES)
        rows = {}
        for name in names:
            place = place_of(name, information, commands)
            if place is None:
                continue
            path = os.path.join(folder, *place)
            write(archive, name, path, digests.get(name, ""), room)
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
    compile_modules(packages, room)
    for place, _, files in os.walk(packages):
        for file in files:
            rows.setdefault(os.path.relpath(os.path.join(place, file), packages).replace(os.sep, "/"), ("", ""))
    rows[information + "/RECORD"] = ("", "")
    with open(os.path.join(packages, information, "RECORD"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([path, *entry] for path, entry in sorted(rows.items()))


def end(code, wheel, text):
    print("The wheel %s %s." % (os.path.basename(wheel), text))
    sys.exit(code)


warnings.simplefilter("ignore")
room = Room(int(sys.argv[1]))
for wheel, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    try:
        unpack(wheel, folder, room)
    except TooLarge as fault:
        end(2, wheel, "is refused: %s" % fault)
    except MemoryError:
        end(2, wheel, "is refused: unpacking it takes more than %d MB of address space, the limit" % (resource.getrlimit(resource.RLIMIT_AS)[0] / MEGABYTE))
    except Refused as fault:
        end(1, wheel, "is refused: %s" % fault)
    except (KeyError, *DAMAGED) as fault:
        end(1, wheel, "is refused: it is damaged (%s)" % fault)
    except OSError as fault:
        end(1, wheel, "could not be unpacked: %s" % fault)
