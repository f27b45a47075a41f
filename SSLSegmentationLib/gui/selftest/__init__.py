"""The stories of the module, told inside a running Slicer: by 'Reload and Test', by ctest, and by the project's own tests.

Each story is a function without arguments that starts from an empty scene and fails by an `AssertionError` or an error. One
that needs a backend raises `unittest.SkipTest` where none is set up. They work in folders of their own, and leave runs and
settings as they were.
"""

from __future__ import annotations

from typing import Callable, Tuple

from SSLSegmentationLib.gui.selftest.console import correcting, measuring, previewing, training
from SSLSegmentationLib.gui.selftest.in_slicer import pressing

__all__ = ["STORIES"]

STORIES: Tuple[Callable[[], None], ...] = (measuring, correcting, previewing, training, pressing)
