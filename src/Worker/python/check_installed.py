"""Exits with 0 when what is installed here satisfies every requirement given as an argument, dependencies and extras included; else 1.

Run with -I. pip brings the library that knows versions and markers (PEP 440, PEP 508).
"""
import sys
from importlib.metadata import PackageNotFoundError, distribution

from pip._vendor.packaging.requirements import Requirement


def satisfied(text, extra, seen):
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
        return True
    if requirement.url:
        return False
    try:
        installed = distribution(requirement.name)
    except PackageNotFoundError:
        return False
    if not requirement.specifier.contains(installed.version, prereleases=True):
        return False
    for wanted in ("", *requirement.extras):
        step = (requirement.name.lower(), wanted)
        if step in seen:
            continue
        seen.add(step)
        for dependency in installed.requires or ():
            if not satisfied(dependency, wanted, seen):
                return False
    return True


seen = set()
sys.exit(0 if all(satisfied(text, "", seen) for text in sys.argv[1:]) else 1)
