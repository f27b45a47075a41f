"""The stories that run inside Slicer are known to run: here on the stand-in of the application, with a real backend."""

from __future__ import annotations

import runpy
import sys
import unittest
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import qt
import slicer

from SSLSegmentationLib.gui import selftest
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.selftest import console, in_slicer
from SSLSegmentationLib.gui.selftest.person import Person, let_slicer_work
from SSLSegmentationLib.gui.selftest.support import own_folder
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, Settings
from Testing.data import REPOSITORY
from Testing.gui.engine import backend_python


@pytest.fixture(autouse=True)
def own_session(scene: Any) -> Iterator[None]:
    yield
    close_default_session()


@pytest.mark.parametrize("story", [console.measuring, console.correcting, console.previewing], ids=lambda story: story.__name__)
def test_a_story_runs_without_a_backend(story: Callable[[], None]) -> None:
    story()
    assert story.__doc__


def test_the_story_of_training_runs_and_leaves_nothing(tmp_path: Path) -> None:
    settings = default_session().settings
    settings.set(BACKEND_PYTHON, backend_python())
    settings.set(DATA_FOLDER, str(tmp_path))
    console.training()
    assert settings.get(DATA_FOLDER) == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("story", [console.training, in_slicer.pressing], ids=lambda story: story.__name__)
def test_a_story_that_needs_a_backend_is_skipped_with_the_reason(story: Callable[[], None]) -> None:
    with pytest.raises(unittest.SkipTest, match="No backend is set up"):
        story()


def test_a_story_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "phantom_in_scene", _other_truth(console.phantom_in_scene))
    with pytest.raises(AssertionError, match="volume of muscle"):
        console.measuring()


def _other_truth(make: Callable[[int], Any]) -> Callable[[int], Any]:
    def changed(seed: int) -> Any:
        volume, truth, phantom = make(seed)
        phantom.truth["tissues"]["muscle"]["volume_ml"] *= 1.01
        return volume, truth, phantom

    return changed


def test_a_story_leaves_the_settings_as_they_were(tmp_path: Path) -> None:
    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(tmp_path))
    with pytest.raises(ZeroDivisionError), own_folder() as folder:
        assert folder in settings.data_folder.parents
        settings.set("scans.images", "/of/the/story")
        (folder / "left").touch()
        1 / 0  # noqa: B018  # the story fails
    assert settings.get(DATA_FOLDER) == str(tmp_path)
    assert settings.get("scans.images") is None
    assert not folder.exists()


def test_a_running_slicer_works_while_a_person_waits() -> None:
    heard: list[int] = []
    timer = qt.QTimer()
    timer.setInterval(5)
    timer.connect("timeout()", lambda: heard.append(1))
    timer.start()
    assert let_slicer_work(lambda: len(heard) > 2, 10.0)
    assert not let_slicer_work(lambda: False, 0.01)
    timer.stop()


def test_a_person_presses_only_what_can_be_pressed(host: Any) -> None:
    button = host(qt.QPushButton("Start"))
    button.setToolTip("No scans yet.")
    button.setEnabled(False)
    with pytest.raises(AssertionError, match="'Start' can be pressed: No scans yet"):
        Person().press(button)
    combo = host(qt.QComboBox())
    combo.addItem("Two", "2")
    with pytest.raises(AssertionError, match="'3' can be chosen"):
        Person().choose(combo, "3")


def test_slicers_own_test_runner_finds_every_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "SSLSegmentation"))
    namespace = runpy.run_path(str(REPOSITORY / "Testing" / "slicer" / "SSLSegmentationStoriesTest.py"))
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(namespace["SSLSegmentationStoriesTest"])
    names = {test._testMethodName for test in suite}  # type: ignore[union-attr]  # a suite of single tests
    assert names == {f"test_{story.__name__}" for story in selftest.STORIES}
    result = unittest.TestResult()
    for story in ("previewing", "training"):
        next(test for test in suite if story in str(test)).run(result)
    assert result.wasSuccessful() and result.testsRun == 2
    ((_test, reason),) = result.skipped
    assert "No backend is set up" in reason
    sys.modules.pop("SSLSegmentation", None)
    assert slicer.mrmlScene is not None
