"""What the tests of runs share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from SSLSegmentationLib.learning.runs import card
from Testing.learning.phantom_data import write_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five small phantoms that no test changes."""
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def cancel_at_the_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes the next run of a job folder be cancelled when training is done and the training scans are described."""
    original = card.training_ranges

    def arm(job: Path) -> None:
        def describe(*arguments: Any, **settings: Any) -> dict[str, Any]:
            monkeypatch.setattr(card, "training_ranges", original)
            (job / "cancel").touch()
            time.sleep(0.25)  # a run looks for it five times a second
            return original(*arguments, **settings)

        monkeypatch.setattr(card, "training_ranges", describe)

    return arm
