"""Which packages Slicer's own Python has: read before and after, to show that setting up a backend leaves them alone."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Optional, Sequence, Tuple

from SSLSegmentationLib.contract.files import PathLike

Packages = Tuple[Tuple[str, str], ...]


def snapshot(folders: Optional[Sequence[PathLike]] = None) -> Packages:
    """(name, version) of every package in the folders, sorted; by default in this Python's own site-packages.

    Read from the names of their description folders, which takes a few milliseconds.
    """
    if folders is None:
        paths = sysconfig.get_paths()
        folders = sorted({paths["purelib"], paths["platlib"]})
    found = set()
    for folder in folders:
        for pattern in ("*.dist-info", "*.egg-info"):
            for entry in Path(folder).glob(pattern):
                name, _dash, version = entry.name[: -len(pattern) + 1].partition("-")
                # An egg's name goes on with the Python that it was made for.
                found.add((name, version.partition("-py")[0]))
    return tuple(sorted(found))


def differences(before: Packages, after: Packages) -> Tuple[str, ...]:
    """What came, went or changed its version, a line each; empty where all is as it was."""
    old, new = dict(before), dict(after)
    names = sorted(set(old) | set(new))
    return tuple(f"{name}: {old.get(name, '-')} → {new.get(name, '-')}" for name in names if old.get(name) != new.get(name))
