"""Exceptions of Python, the system and torch, told as errors of the table."""

from __future__ import annotations

import errno

import pytest

from SSLSegmentationLib.contract.errors import ERROR_KINDS, SSLSegmentationError
from SSLSegmentationLib.contract.failures import describe_error, known_error


def torch_error(name: str, text: str = "") -> Exception:
    """An error as torch raises it, told by its class's name."""
    kind = type(name, (RuntimeError,), {"__module__": "torch.cuda"})
    return kind(text)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/file"), "disk.full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk.full"),
        (OSError(errno.EFBIG, "File too large"), "disk.full"),
        (OSError(errno.EROFS, "Read-only file system"), "disk.read_only"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "disk.read_only"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory.host"),
        (MemoryError(), "memory.host"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes"), "memory.host"),
        (torch_error("OutOfMemoryError", "CUDA out of memory."), "memory.device"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory.device"),
        (KeyboardInterrupt(), "job.cancelled"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "environment.no_torch"),
        (ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"), "environment.no_torch"),
        (ModuleNotFoundError("No module named 'yaml'", name="yaml"), "environment.missing_package"),
        (SSLSegmentationError("data.empty", "x"), "data.empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_known_errors_have_their_code(error, code):
    found = known_error(error)
    assert found is not None and found.code == code


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad\nvalue"),
        RuntimeError("mat1 and mat2"),
        OSError(errno.EIO, "I/O"),
        ModuleNotFoundError("x", name="SSLSegmentationLib.gone"),
        type("OutOfMemoryError", (Exception,), {"__module__": "pool"})(),
        KeyError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_else_is_a_defect_on_one_line(error):
    assert known_error(error) is None
    described = describe_error(error)
    assert described.code == "defect.internal" and described.exit_code == 1
    assert type(error).__name__ in described.message and "\n" not in described.message


def test_a_full_disk_names_the_file():
    assert "/x/file" in describe_error(OSError(errno.ENOSPC, "full", "/x/file")).message


def test_every_code_has_an_exit_code_of_the_list_and_a_hint():
    for code, kind in ERROR_KINDS.items():
        assert 1 <= kind.exit_code <= 8 and kind.hint and kind.meaning, code
