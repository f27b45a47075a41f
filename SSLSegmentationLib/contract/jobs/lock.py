"""A lock on a file that the operating system frees when its holder ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
import time
import weakref
from pathlib import Path
from typing import Optional

from SSLSegmentationLib.contract.files import PathLike, disk_errors

# Whoever looks whether a lock is free holds it for some microseconds; a run that starts then tries again for this long.
_PATIENCE_SECONDS = 0.3

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class FileLock:
    """An exclusive lock on `path`, whose file stays when the lock is freed."""

    def __init__(self, path: PathLike) -> None:
        self._path = Path(path)
        self._handle: Optional[int] = None
        _LOCKS.add(self)

    def acquire(self) -> bool:
        """Takes the lock; False where another holds it. Creates the file (its folder must be there)."""
        until = time.monotonic() + _PATIENCE_SECONDS
        with disk_errors(self._path):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                while not _try_lock(handle):
                    if time.monotonic() > until:
                        os.close(handle)
                        return False
                    time.sleep(0.01)
            except OSError:
                os.close(handle)
                raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Frees the lock; nothing happens where it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_locked(path: PathLike) -> bool:
    """Whether anyone holds the lock on `path` right now."""
    try:
        handle = os.open(path, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        # Who may not write may still look: a shared view is enough on POSIX.
        handle = os.open(path, os.O_RDONLY)
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


_LOCKS: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _forget_in_child() -> None:
    # A forked worker shares its parent's lock and would keep it after the parent was killed.
    for lock in list(_LOCKS):
        lock.release()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_in_child)
