"""Where the real scans for tests lie, and the one way to skip without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SSLSEG_DATA", REPOSITORY.parent / "shared" / "data"))


def real_data(name: str) -> Path:
    """Folder of one real data set; skips (or fails under SSLSEG_REQUIRE_DATA=1) where it is not there."""
    folder = DATA / name
    if not folder.is_dir():
        message = f"real scans '{name}' are not at {folder} (set SSLSEG_DATA)"
        if os.environ.get("SSLSEG_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder
