"""What this computer has: memory, disk space, packages and the torch in this Python."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from SSLSegmentationLib.contract.failures import describe_error

# Import name and name in the package index.
PACKAGES = {
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
    "SimpleITK": "SimpleITK",
    "yaml": "pyyaml",
    "safetensors": "safetensors",
    "matplotlib": "matplotlib",
}


@dataclass(frozen=True)
class Package:
    """A package that a run needs: its version ("" where it is not installed), and why it cannot be imported ("" if it can)."""

    name: str
    version: str
    problem: str


def find_package(module: str) -> Package:
    """Imports the package, since one that is installed may still be broken."""
    name = PACKAGES[module]
    version = ""
    with contextlib.suppress(metadata.PackageNotFoundError):
        version = metadata.version(name)
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        return Package(name, version, "not installed" if error.name == module else f"broken: {error}")
    except Exception as error:  # noqa: BLE001  # a damaged package may raise anything
        return Package(name, version, f"broken: {describe_error(error).message}")
    return Package(name, version, "")


def available_memory(source: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that new work can take; without that figure all of the memory; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in source.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def free_disk(folder: Path) -> int | None:
    """Bytes free where `folder` is, or will be."""
    for existing in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(existing).free
    return None
