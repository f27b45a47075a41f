"""Room for many memory maps: each one keeps a file open, and systems allow few by default (256 on macOS)."""

from __future__ import annotations

import contextlib

# Files that everything else in the process may need.
SPARE_FILES = 256


def allow_open_files(maps: int) -> None:
    """Raises this process's own limit of open files, as far as the system lets it, to hold `maps` more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = maps + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
