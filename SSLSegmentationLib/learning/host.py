"""What this computer has: memory, disk space, packages and the torch in this Python."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

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
_VM_STAT_SECONDS = 5.0


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


def available_memory() -> int | None:
    """Bytes that new work can take; None where the system does not tell."""
    ask = {"linux": _linux_memory, "darwin": _macos_memory, "win32": _windows_memory}.get(sys.platform)
    if ask is not None:
        with contextlib.suppress(OSError, ValueError, LookupError, AttributeError, subprocess.SubprocessError):
            return ask()
    return None


def _linux_memory() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024


def _macos_memory() -> int:
    """Pages that hold nothing, or what can be read again from the disk."""
    told = subprocess.run(["/usr/bin/vm_stat"], capture_output=True, text=True, timeout=_VM_STAT_SECONDS, check=True).stdout
    return macos_free_bytes(told)


def macos_free_bytes(vm_stat: str) -> int:
    """Free bytes from what `vm_stat` prints. Raises `ValueError` where a figure lacks."""
    size = re.search(r"page size of (\d+) bytes", vm_stat)
    pages = [re.search(rf"^Pages {kind}:\s+(\d+)", vm_stat, re.MULTILINE) for kind in ("free", "inactive", "speculative")]
    if size is None or None in pages:
        raise ValueError("vm_stat has changed")
    return int(size.group(1)) * sum(int(found.group(1)) for found in pages if found is not None)


class _WindowsMemory(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load_percent", ctypes.c_uint32),
        *(
            (name, ctypes.c_uint64)
            for name in ("total", "free", "total_paged", "free_paged", "total_own", "free_own", "extended")
        ),
    )


def _windows_memory() -> int:
    status = _WindowsMemory()
    status.length = ctypes.sizeof(status)
    kernel: Any = vars(ctypes)["windll"].kernel32
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        raise OSError("GlobalMemoryStatusEx")
    return int(status.free)


def free_disk(folder: Path) -> int | None:
    """Bytes free where `folder` is, or will be."""
    for existing in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(existing).free
    return None
