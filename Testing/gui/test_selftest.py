"""The stories that run inside Slicer are known to run: here on the stand-in of the application, with a real backend."""

from __future__ import annotations

import runpy
import sys
import unittest
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import slicer

from SSLSegmentationLib.gui import selftest
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER
from Testing.data import REPOSITORY
from Testing.gui.engine import backend_python


@pytest.fixture(autouse=True)
def own_session(scene: Any) -> Iterator[None]:
    yield
    close_default_session()


@pytest.mark.parametrize(
    "story", [story for story in selftest.STORIES if story is not selftest.training], ids=lambda story: story.__name__
)
def test_a_story_runs_without_a_backend(story: Callable[[], None]) -> None:
    story()
    assert story.__doc__


def test_the_story_of_training_runs_and_leaves_nothing(tmp_path: Path) -> None:
    settings = default_session().settings
    settings.set(BACKEND_PYTHON, backend_python())
    settings.set(DATA_FOLDER, str(tmp_path))
    selftest.training()
    assert settings.get(DATA_FOLDER) == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_story_of_training_says_that_there_is_no_backend(caplog: pytest.LogCaptureFixture) -> None:
    selftest.training()
    assert "No backend is set up" in caplog.text


def test_a_story_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_phantom_in_scene", _other_truth(selftest._phantom_in_scene))
    with pytest.raises(AssertionError, match="volume of muscle"):
        selftest.measuring()


def _other_truth(make: Callable[[int], Any]) -> Callable[[int], Any]:
    def changed(seed: int) -> Any:
        volume, truth, phantom = make(seed)
        phantom.truth["tissues"]["muscle"]["volume_ml"] *= 1.01
        return volume, truth, phantom

    return changed


def test_slicers_own_test_runner_finds_every_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "SSLSegmentation"))
    namespace = runpy.run_path(str(REPOSITORY / "Testing" / "slicer" / "SSLSegmentationStoriesTest.py"))
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(namespace["SSLSegmentationStoriesTest"])
    names = {test._testMethodName for test in suite}  # type: ignore[union-attr]
    assert names == {f"test_{story.__name__}" for story in selftest.STORIES}
    result = unittest.TestResult()
    next(test for test in suite if "previewing" in str(test)).run(result)
    assert result.wasSuccessful() and result.testsRun == 1
    sys.modules.pop("SSLSegmentation", None)
    assert slicer.mrmlScene is not None
