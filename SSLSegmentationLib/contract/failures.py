"""What went wrong, told from an exception of Python, the system or torch."""

from __future__ import annotations

import errno
from typing import Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError

# Packages that the backend needs and another Python may lack.
_PACKAGES = {
    "SimpleITK": "SimpleITK",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "vtkmodules": "vtk",
    "yaml": "pyyaml",
}


def _of_missing_module(error: ModuleNotFoundError) -> Optional[SSLSegmentationError]:
    package = (error.name or "").split(".")[0]
    if package == "torch":
        return SSLSegmentationError("environment.no_torch", "torch is not installed in this Python.")
    if package in _PACKAGES:
        name = _PACKAGES[package]
        return SSLSegmentationError(
            "environment.missing_package", f"The package {name} is not installed.", hint=f"Run 'pip install {name}'."
        )
    return None


def _of_system(error: OSError) -> Optional[SSLSegmentationError]:
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SSLSegmentationError("disk.full", f"No space is left on the disk{where}.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return SSLSegmentationError("disk.read_only", f"No permission{where}: {error.strerror}.")
    if error.errno == errno.ENOMEM:
        return SSLSegmentationError("memory.host", "The computer ran out of memory.")
    return None


def _is_memory_of_device(error: BaseException) -> bool:
    # torch is not imported to know its error by class; older versions raise a plain RuntimeError with this text.
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    by_class = any(name.endswith(".OutOfMemoryError") and name.startswith("torch") for name in names)
    return by_class or (isinstance(error, RuntimeError) and "CUDA out of memory" in str(error))


def known_error(error: BaseException) -> Optional[SSLSegmentationError]:
    """The error of the table that `error` amounts to; None where it is a defect."""
    if isinstance(error, SSLSegmentationError):
        return error
    if isinstance(error, KeyboardInterrupt):
        # Of a command without a job: a job tells its own end, and that --resume goes on with it.
        return SSLSegmentationError("job.cancelled", "The command was cancelled.", hint="Start it again.")
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error)):
        return SSLSegmentationError("memory.host", "The computer ran out of memory.")
    if _is_memory_of_device(error):
        return SSLSegmentationError("memory.device", "The graphics card ran out of memory.")
    if isinstance(error, ModuleNotFoundError):
        return _of_missing_module(error)
    if isinstance(error, OSError):
        return _of_system(error)
    return None


def describe_error(error: BaseException) -> SSLSegmentationError:
    """`known_error`, or `defect.internal` with the exception's own words on one line."""
    known = known_error(error)
    if known is not None:
        return known
    words = " ".join(str(error).split())
    return SSLSegmentationError("defect.internal", f"{type(error).__name__}: {words}" if words else type(error).__name__)
