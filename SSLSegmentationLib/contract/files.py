"""File names and safe writing: whatever matters is written beside, flushed to disk, and renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from pathlib import Path, PurePath
from typing import Iterator, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError

PathLike = Union[str, "os.PathLike[str]"]

SCAN_SUFFIXES = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr")


def stem(path: PathLike) -> str:
    """File name less one scan suffix ("a.seg.nrrd" → "a"); the name itself where it has none (a DICOM folder)."""
    name = _name(path)
    lower = name.lower()
    for suffix in SCAN_SUFFIXES:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def suffix(path: PathLike) -> str:
    """The scan suffix of a file name, or its last one (".nii.gz", ".csv"); empty where it has none."""
    name = _name(path)
    return name[len(stem(name)) :] or Path(name).suffix


def is_scan_name(path: PathLike) -> bool:
    """Whether the file name ends in a scan suffix and is not hidden."""
    name = _name(path)
    return not name.startswith(".") and name.lower().endswith(SCAN_SUFFIXES)


def _name(path: PathLike) -> str:
    # Making a path anew takes longer than all the rest, and folders hold thousands of them.
    return path.name if isinstance(path, PurePath) else Path(path).name


@contextlib.contextmanager
def disk_errors(path: PathLike) -> Iterator[None]:
    """Turns a full or read-only disk into `disk.full` or `disk.read_only`, naming `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SSLSegmentationError("disk.full", f"No space is left to write {path}.") from error
        if error.errno == errno.EFBIG:
            raise SSLSegmentationError("disk.full", f"{path} is larger than this disk allows one file to be.") from error
        if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
            raise SSLSegmentationError(
                "usage.arguments",
                f"{path} cannot be written: {error.strerror}.",
                hint="A file stands where a folder is needed, or the other way round: choose another path.",
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise SSLSegmentationError("usage.arguments", f"{path} has a name that is too long for this disk.") from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise SSLSegmentationError("disk.read_only", f"{path} cannot be written: {error.strerror}.") from error
        raise


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """A temporary path in the same folder with the same suffix; renamed to `path` when the block ends without error.

    The temporary file is flushed to disk first, and removed on error, so no half-written file gets the final name. Of a
    symbolic link the file that it points to is replaced. Raises `usage.arguments` for a device, a pipe or a folder.
    """
    final = Path(os.path.realpath(path))
    with disk_errors(path):
        if final.exists() and not final.is_file():
            raise SSLSegmentationError(
                "usage.arguments", f"{path} cannot be written: it exists and is no ordinary file.", hint="Choose another path."
            )
        # Not longer than the final name can be.
        temporary = final.with_name(f".{uuid.uuid4().hex[:8]}{suffix(final)}")
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(final)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def write_text(path: PathLike, text: str) -> None:
    """Replaces `path` with `text` (UTF-8, "\\n") in one step."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Replaces `path` with `data` in one step."""
    with replacing(path) as temporary, temporary.open("wb") as handle:
        handle.write(data)
