"""Trainings for tests of the panels: small scans chosen under Scans, quick settings, waiting for what a run does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Dict

import pytest

from SSLSegmentationLib.contract.client import list_jobs
from SSLSegmentationLib.gui.panels.budgets import EPOCHS
from SSLSegmentationLib.gui.panels.scans.state import FOLDERS, ScansState
from SSLSegmentationLib.gui.session import Session
from Testing.gui.ball_scans import make_ball_scans
from Testing.gui.engine import sslseg
from Testing.harness.pictures import save_picture
from Testing.harness.watchdog import pump

# The fixtures, for conftest.py.
__all__ = ["ball_model", "ball_scans", "ended_runs"]

TIMEOUT = 120.0


@pytest.fixture(scope="session")
def ball_scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `images`, `labels` and tissues.json."""
    folder = tmp_path_factory.mktemp("scans")
    make_ball_scans(folder)
    return folder


def choose_scans(session: Session, folder: Path, **changes: Any) -> ScansState:
    """What a person chooses under Scans."""
    state = ScansState(labelled=FOLDERS, images=str(folder / "images"), labels=str(folder / "labels"))
    for name, value in changes.items():
        setattr(state, name, value)
    session.change_state(state, name="scans")
    return state


def quick_settings(panel: Any, **changes: Any) -> None:
    """A training of some seconds; without an end where `epochs` is large."""
    values: Dict[str, Any] = {"preset": "quick", "budget": EPOCHS, "epochs": 2, **changes}
    for name, value in values.items():
        setattr(panel.state, name, value)
    panel.save()
    panel.show_state()


def until(condition: Any, *, timeout: float = TIMEOUT) -> None:
    """Lets the module work until `condition()` holds."""
    assert pump(condition, timeout=timeout), f"not in {timeout} s"


def picture(module: Any, name: str, path: Path) -> None:
    """What a person sees of one panel, 400 pixels wide."""
    module.window.show()
    for key, section in module._sections.items():
        section.collapsed = key != name
    save_picture(module.window, path)


def stay_stopped(session: Session) -> None:
    """Ends every run that a test has left behind."""
    folder = session.settings.runs_folder
    for handle in list_jobs(folder) if folder.is_dir() else ():
        handle.cancel()
    for handle in list(session.runs._handles.values()):
        handle.cancel()
        if handle._process is not None:
            handle._process.wait(10)


@pytest.fixture(scope="session")
def ball_model(tmp_path_factory: pytest.TempPathFactory, ball_scans: Path) -> Path:
    """A job folder with a small 2D segmentation model."""
    folder = tmp_path_factory.mktemp("ball model")
    config = {
        "preset": "quick",
        "data": {"images": str(ball_scans / "images"), "labels": str(ball_scans / "labels")},
        "network": {"base_width": 4, "levels": 3},
        "train": {"max_steps": 2, "batch_size": 4},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    sslseg("finetune", str(folder / "config.json"), "--job", str(folder / "balls"))
    return folder / "balls"


@pytest.fixture
def ended_runs(module: Any) -> Iterator[None]:
    """No run of a test outlives it."""
    yield
    stay_stopped(module.session)
