"""The folder for what is exchanged with other processes. It holds voxels of patients, so none may stay behind."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from SSLSegmentationLib.contract.worker.parent import is_alive
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.texts import _

_PREFIX = "SSLSegmentation-"
_NAME = re.compile(_PREFIX + r"(\d+)-\w+")


def make_scratch() -> Path:
    """A new folder that only this user can read; its name says which process it belongs to."""
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def remove_left_scratch() -> Steps[None]:
    """Removes the folders of processes that were killed, a folder a step."""
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        match = _NAME.fullmatch(folder.name)
        if match is not None and not is_alive(int(match.group(1))):
            yield Progress(_("Removing what a killed program left"))
            shutil.rmtree(folder, ignore_errors=True)
