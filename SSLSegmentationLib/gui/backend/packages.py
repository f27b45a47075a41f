"""What is installed into a backend, from where, and how much it weighs."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from SSLSegmentationLib.gui.backend.child import run_child
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.texts import _

TORCH = "torch>=2.8"
# The same as the package's own dependencies.
REQUIREMENTS = (TORCH, "numpy>=1.26", "scipy>=1.11", "SimpleITK>=2.3", "pyyaml>=6", "safetensors>=0.4", "matplotlib>=3.8")

_INDEX = "https://download.pytorch.org/whl/"
_MB = 10**6
_NVIDIA_SECONDS = 10.0


@dataclass(frozen=True)
class Build:
    """Which build of torch: `index_url` "" is whatever pip is set up to use. `cuda`: least version of the driver's CUDA."""

    name: str
    index_url: str = ""
    cuda: Tuple[int, int] = (0, 0)


PLAIN = Build("plain")
BUILDS: Dict[str, Build] = {
    build.name: build
    for build in (
        PLAIN,
        Build("cpu", _INDEX + "cpu"),
        Build("cu126", _INDEX + "cu126", (12, 6)),
        Build("cu128", _INDEX + "cu128", (12, 8)),
        Build("cu130", _INDEX + "cu130", (13, 0)),
    )
}


def build_title(build: Build) -> str:
    """What a person reads of a build."""
    if build == PLAIN:
        return _("Standard (what pip finds)")
    if not build.cuda[0]:
        return _("Without graphics card (small)")
    return _("CUDA {version}").format(version=f"{build.cuda[0]}.{build.cuda[1]}")


def sizes(build: Build, *, system: str = sys.platform) -> Tuple[int, int]:
    """Bytes to download and bytes on disk, about; the larger part is torch, and CUDA for it."""
    if build.cuda[0]:
        return (3400 * _MB, 7500 * _MB)
    if build == PLAIN and system.startswith("linux"):
        # The standard build of Linux brings CUDA along.
        return (3150 * _MB, 7500 * _MB)
    return (400 * _MB, 1600 * _MB)


@dataclass(frozen=True)
class Driver:
    """The graphics card by its driver: its name, and the newest CUDA that the driver runs."""

    card: str
    cuda: Tuple[int, int]


def find_driver(program: str = "nvidia-smi") -> "Steps[Optional[Driver]]":
    """NVIDIA's driver; None where there is none or it does not answer."""
    text = _("Looking for a graphics card …")
    try:
        overview = yield from run_child([program], text=text, timeout=_NVIDIA_SECONDS)
        names = yield from run_child([program, "--query-gpu=name", "--format=csv,noheader"], text=text, timeout=_NVIDIA_SECONDS)
    except OSError:
        return None
    version = re.search(r"CUDA[^:|]*Version:\s*(\d+)\.(\d+)", overview.output)
    cards = names.output.strip().splitlines()
    if version is None or names.code != 0 or not cards:
        return None
    return Driver(cards[0].strip(), (int(version.group(1)), int(version.group(2))))


def fitting_build(driver: Optional[Driver], *, system: str = sys.platform) -> Build:
    """The build that makes the most of this computer: the newest CUDA that the driver runs, else one without."""
    if system == "darwin":
        return PLAIN
    fitting = [build for build in BUILDS.values() if driver is not None and (0, 0) < build.cuda <= driver.cuda]
    return max(fitting, key=lambda build: build.cuda, default=BUILDS["cpu"])
