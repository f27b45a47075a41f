"""The Python that Slicer itself runs on, as a process of its own: for computing that needs no torch."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.worker import Worker


def local_python() -> str:
    """PythonSlicer, else the running interpreter where it is a plain Python. Raises `environment.missing_package`."""
    found = shutil.which("PythonSlicer")
    if found:
        return found
    if "python" in Path(sys.executable).name.lower():
        return sys.executable
    raise SSLSegmentationError(
        "environment.missing_package", "PythonSlicer was not found.", hint="Start Slicer by its own launcher."
    )


def local_worker(folder: Path, *, idle_minutes: float) -> Worker:
    """A worker in Slicer's own Python, for measuring and surfaces."""
    return Worker(local_python(), folder=folder, idle_minutes=idle_minutes, command="measure")
