"""What the tests of the backend share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from SSLSegmentationLib.gui.backend.child import wait_for_ending
from SSLSegmentationLib.gui.backend.installed import removing
from Testing.gui.backend.wheels import clean_pip, make_wheels


def wait_for_removals(timeout: float = 30.0) -> None:
    """Waits until what was to be removed is gone."""
    until = time.monotonic() + timeout
    while removing():
        assert time.monotonic() < until, "a removal does not end"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    assert wait_for_ending(5.0), "a process does not end"
    wait_for_removals()


@pytest.fixture(autouse=True)
def no_pip_settings(monkeypatch):
    clean_pip(monkeypatch)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    return make_wheels(tmp_path_factory.mktemp("wheel house"))
