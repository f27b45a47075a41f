"""The module's file as Slicer loads it: metadata, opening, reloading, closing, logic, test."""

from __future__ import annotations

import importlib.util
import sys
import types
import unittest
from pathlib import Path
from typing import Any, Iterator

import ctk
import pytest
import qt
import slicer

from SSLSegmentationLib.gui.panels import PANELS
from Testing.benchmarks.module_import import IMPORTS, import_times
from Testing.data import REPOSITORY
from Testing.harness.watchdog import pump

FILE = REPOSITORY / "SSLSegmentation" / "SSLSegmentation.py"
LONGEST_FILE = 150
LONGEST_IMPORT_SECONDS = 0.3


@pytest.fixture
def shell(scene: Any) -> Iterator[types.ModuleType]:
    """The module's file, executed as Slicer does."""
    spec = importlib.util.spec_from_file_location("SSLSegmentation", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["SSLSegmentation"] = module
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("SSLSegmentation", None)
    from SSLSegmentationLib.gui.default_session import close_default_session

    close_default_session()


@pytest.fixture
def description(shell: types.ModuleType) -> Any:
    parent = types.SimpleNamespace()
    shell.SSLSegmentation(parent)
    return parent


def test_the_file_is_a_thin_shell() -> None:
    assert len(FILE.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_slicer_reads_what_the_module_is(description: Any) -> None:
    assert description.title and description.categories == ["Segmentation"]
    assert description.dependencies == [] and description.contributors
    assert "research use only" in description.helpText.lower() and "<a href=" in description.helpText
    assert description.acknowledgementText


def test_samples_and_terms_are_registered_when_slicer_is_up(
    description: Any, monkeypatch: pytest.MonkeyPatch, application: Any
) -> None:
    registered: list[Path] = []
    from SSLSegmentationLib.gui import registration

    monkeypatch.setattr(registration, "register", registered.append)
    application.startupCompleted.emit()
    assert set(registered) == {FILE.parent / "Resources"}


def test_the_module_opens_and_closes(shell: types.ModuleType, host: Any) -> None:
    window = host(qt.QWidget())
    qt.QVBoxLayout(window)
    widget = shell.SSLSegmentationWidget(window)
    # Before it was opened for the first time nothing happens.
    widget.enter()
    widget.exit()
    widget.cleanup()
    widget.setup()
    assert widget.panels is not None
    widget.enter()
    pump(timeout=0.2)
    widget.exit()
    widget.cleanup()
    widget.cleanup()
    assert widget.panels is None


def test_without_a_parent_it_sets_itself_up_once(shell: types.ModuleType, host: Any) -> None:
    widget = shell.SSLSegmentationWidget()
    host(widget.parent)
    assert widget.panels is not None
    widget.cleanup()
    assert widget.panels is None


def test_the_module_cleans_up_when_slicer_unloads_it(shell: types.ModuleType, host: Any) -> None:
    widget = shell.SSLSegmentationWidget()
    host(widget.parent)
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit("Volumes")
    assert widget.panels is not None
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit("SSLSegmentation")
    assert widget.panels is None


def test_reload_reads_the_package_anew_and_opens_the_panels_again(module_in_slicer: Any) -> None:
    window = module_in_slicer()
    first = slicer.modules.SSLSegmentationWidget
    opened = first.panels
    assert pump(lambda: not opened.opening.running)
    scratch = opened.session.scratch
    before = {name: module for name, module in sys.modules.items() if name.startswith("SSLSegmentationLib")}
    try:
        first.onReload()
        second = slicer.modules.SSLSegmentationWidget
        assert first.panels is None and second is not first and not scratch.exists()
        name = "SSLSegmentationLib.gui.module_widget"
        assert type(second.panels) is sys.modules[name].ModuleWidget is not before[name].ModuleWidget
        assert pump(lambda: not second.panels.opening.running)
        titles = [section.text for section in window.findChildren(ctk.ctkCollapsibleButton) if not section.isHidden()]
        assert len(titles) == len(set(titles)) == len(PANELS)
        second.cleanup()
    finally:
        for name in [name for name in sys.modules if name.startswith("SSLSegmentationLib")]:
            del sys.modules[name]
        sys.modules.update(before)


def test_slicers_way_to_the_logic_finds_it(shell: types.ModuleType, host: Any) -> None:
    assert isinstance(shell.SSLSegmentationWidget(host(qt.QWidget())).logic, shell.SSLSegmentationLogic)


def test_the_logic_has_the_verbs(shell: types.ModuleType) -> None:
    from SSLSegmentationLib.gui import api

    logic = shell.SSLSegmentationLogic()
    assert [verb for verb in api.VERBS if getattr(logic, verb) is not getattr(api, verb)] == []
    assert set(api.VERBS) == {"pretrain", "finetune", "segment", "measure", "preview", "models", "runs"}


def test_the_test_class_tells_every_story_from_an_empty_scene(
    shell: types.ModuleType, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    from SSLSegmentationLib.gui import selftest

    told: list[int] = []

    def story() -> None:
        """A story."""
        told.append(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode"))
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")

    def skipped() -> None:
        """Another one."""
        raise unittest.SkipTest("There is no backend.")

    monkeypatch.setattr(selftest, "STORIES", (story, skipped, story))
    shell.SSLSegmentationTest().runTest()
    assert told == [0, 0]
    texts = ["A story.", "Another one.", "Left out. There is no backend.", "A story."]
    assert [message.text for message in events.messages] == texts


def test_loading_the_file_is_fast_and_imports_nothing_heavy() -> None:
    facts = import_times(sys.executable, IMPORTS["the module's file"], repeats=3)
    assert facts["imported"] == []
    assert facts["median_seconds"] < LONGEST_IMPORT_SECONDS


def test_what_is_registered_at_the_start_imports_nothing_heavy() -> None:
    facts = import_times(sys.executable, IMPORTS["the module's file and what it registers when Slicer is up"], repeats=1)
    assert facts["imported"] == []
