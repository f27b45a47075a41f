"""Gives PyQt6 the look of PythonQt and stands in for the Slicer application, so that its code runs under pytest.

`install()` makes `qt`, `ctk` and the stand-ins of `slicer` importable; it comes before the first `import slicer`.
"""

from __future__ import annotations

import sys
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "modules"


def install() -> None:
    """Puts the stand-in modules on the path; slicer-core merges the folder `slicer` there into its own package."""
    if str(MODULES) not in sys.path:
        sys.path.insert(0, str(MODULES))
