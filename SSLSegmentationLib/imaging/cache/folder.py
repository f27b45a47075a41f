"""Where the cache lies, and clearing away what killed builders left in it."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from pathlib import Path
from typing import Optional, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors

ENVIRONMENT_VARIABLE = "SSLSEG_CACHE"
# Entries are written into folders of this prefix and then renamed.
UNFINISHED_PREFIX = ".building-"
# An unfinished entry that nobody touched for this long belongs to a builder that is gone; writing one takes seconds.
STALE_SECONDS = 3600.0


def default_folder() -> Path:
    """$SSLSEG_CACHE, else "SSLSegmentation" in this user's cache folder of this platform."""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given:
        return Path(given)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "SSLSegmentation"


def open_folder(folder: Optional[Union[str, Path]]) -> Path:
    """The cache folder, made where it is missing and cleared of stale unfinished entries."""
    path = Path(folder) if folder is not None else default_folder()
    try:
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SSLSegmentationError("disk.read_only", f"The cache folder {path} cannot be made: {error.strerror}.") from error
    now = time.time()
    for unfinished in path.glob(UNFINISHED_PREFIX + "*"):
        if now - _last_change(unfinished) > STALE_SECONDS:
            shutil.rmtree(unfinished, ignore_errors=True)
    return path


def unfinished_folder(folder: Path) -> Path:
    """A new folder beside the entries, for one that is being written."""
    path = folder / f"{UNFINISHED_PREFIX}{uuid.uuid4().hex}"
    path.mkdir()
    return path


def _last_change(folder: Path) -> float:
    """Newest change time of a folder and its files; now for one that is just going away."""
    try:
        return max(part.stat().st_mtime for part in (folder, *folder.iterdir()))
    except OSError:
        return time.time()
