"""The whole story of a person in Slicer, played by pressing what is on screen; each part's time is taken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import slicer

from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.panels.budgets import MINUTES
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS
from SSLSegmentationLib.gui.run import DONE, RUNNING
from Testing.gui.engine import load_volume
from Testing.harness.watchdog import Watchdog, pump

LONG = 240.0


@dataclass(frozen=True)
class Data:
    """What the story is played on. `dataset` with `splits`, or folders of `images` and `labels`; `scan` is segmented."""

    scan: Path
    images: Path
    labels: Path
    modality: str
    dataset: str = ""
    splits: str = ""
    labelled: int = 0
    minutes: float = 0.2
    continue_minutes: float = 0.1


@dataclass
class Told:
    """Seconds of each part, and the longest block of the GUI thread in each (seconds, slot)."""

    seconds: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, tuple[float, str]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        with Watchdog() as watchdog:
            yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
        self.blocks[name] = (round(watchdog.longest.seconds, 3), watchdog.longest.slot)
        print(f"{name}: {self.seconds[name]} s, longest block {self.blocks[name]}", flush=True)

    @property
    def longest_block(self) -> float:
        return max(seconds for seconds, _slot in self.blocks.values())


def until(condition: Callable[[], object], what: str) -> None:
    assert pump(condition, timeout=LONG), f"{what} did not happen in {LONG:g} s"


def play(open_module: Callable[[], ModuleWidget], data: Data) -> Told:
    """Scans → preview → pretrain → fine-tune → apply → correct → continue → biomarkers → close Slicer → runs found again."""
    told = Told()
    with told.part("open the module"):
        module = _opened(open_module)
    with told.part("choose the scans"):
        _choose_scans(module, data)
    volume = load_volume(data.scan, "scan of the story")
    with told.part("preview"):
        _preview(module, volume)
    with told.part("pretrain"):
        _pretrain(module, data)
    with told.part("fine-tune"):
        _finetune(module, data)
    with told.part("apply"):
        segmentation = _apply(module, volume)
    with told.part("correct, add and continue"):
        _correct(volume, segmentation)
        _continue(module, data)
    with told.part("biomarkers"):
        _measure(module, volume, segmentation)
    with told.part("close Slicer"):
        _close_while_training(module, data)
    with told.part("open again, runs found, one cancelled"):
        again = _opened(open_module)
        _find_runs(again)
    return told


def choose(combo: Any, value: str) -> None:
    """Chooses an entry as a person does."""
    index = combo.findData(value)
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def _opened(open_module: Callable[[], ModuleWidget]) -> ModuleWidget:
    module = open_module()
    module.window.resize(400, 900)  # type: ignore[attr-defined]  # the stand-in for Slicer's window
    module.window.show()  # type: ignore[attr-defined]
    return module


def open_panel(module: ModuleWidget, name: str) -> Any:
    """A panel whose section is unfolded, the others folded."""
    for key, section in module._sections.items():
        section.collapsed = key != name
    pump(timeout=0.05)
    return module.panel(name)


def _choose_scans(module: ModuleWidget, data: Data) -> None:
    panel = open_panel(module, "scans")
    panel.modality.setCurrentIndex(panel.modality.findData(data.modality))
    panel.labelled.setCurrentIndex(panel.labelled.findData(DATASET if data.dataset else FOLDERS))
    if data.dataset:
        panel.dataset.currentPath = data.dataset
        panel.splits.currentPath = data.splits
    else:
        panel.images.currentPath = str(data.images)
        panel.labels.currentPath = str(data.labels)
    until(lambda: panel.operation is None and panel.found is not None, "finding the scans")
    assert panel.table.rows
    assert len(panel.state.tissue_table()) > 0


def _preview(module: ModuleWidget, volume: Any) -> None:
    panel = open_panel(module, "pretrain")
    panel.preview.volume.setCurrentNode(volume)
    until(lambda: panel.preview.preview is not None, "the preview")


def _pretrain(module: ModuleWidget, data: Data) -> None:
    panel = open_panel(module, "pretrain")
    choose(panel.controls.preset, "quick")
    panel.state.budget, panel.state.minutes = MINUTES, data.minutes
    panel.save()
    panel.show_state()
    until(lambda: panel.start_button.enabled, "the list of pretext tasks")
    panel.start_button.click()
    until(lambda: panel.operation is None, "pretraining")
    assert module.session.models.find(segments=False), panel.live.progress.text.text


def _finetune(module: ModuleWidget, data: Data) -> None:
    panel = open_panel(module, "finetune")
    (pretrained, *_others) = module.session.models.find(segments=False)
    panel.state.start, panel.state.like_model = str(pretrained.path), True
    panel.state.preset, panel.state.budget, panel.state.minutes = "quick", MINUTES, data.minutes
    panel.state.scans, panel.state.continue_minutes = data.labelled, data.continue_minutes
    panel.save()
    panel.show_state()
    assert panel.start_button.enabled, panel.start_button.toolTip
    panel.start_button.click()
    until(lambda: panel.operation is None, "fine-tuning")
    assert module.session.models.find(segments=True), panel.live.progress.text.text


def _apply(module: ModuleWidget, volume: Any) -> Any:
    panel = open_panel(module, "apply")
    panel.volume.setCurrentNode(volume)
    before = set(panel.state.results)
    panel.apply_button.click()
    until(lambda: panel.operation is None, "segmenting")
    (made,) = set(panel.state.results) - before
    panel.show_button.click()
    pump(timeout=0.5)
    panel.edit_button.click()
    return slicer.mrmlScene.GetNodeByID(made)


def _correct(volume: Any, segmentation: Any) -> None:
    """What a person does in the Segment Editor: paints some voxels of the first segment."""
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, identifier, volume)
    painted = np.zeros(slicer.util.arrayFromVolume(volume).shape, np.uint8) if array is None else array.copy()
    middle = tuple(slice(side // 3, 2 * side // 3 + 1) for side in painted.shape)
    content = segmentation.GetSegmentation()
    for number in range(1, content.GetNumberOfSegments()):
        other = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, content.GetNthSegmentID(number), volume)
        if other is not None and other.any():
            other = other.copy()
            other[middle] = 0
            slicer.util.updateSegmentBinaryLabelmapFromArray(other, segmentation, content.GetNthSegmentID(number), volume)
    painted[middle] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(painted, segmentation, identifier, volume)


def _continue(module: ModuleWidget, data: Data) -> None:
    panel = open_panel(module, "finetune")
    before = len(module.session.models.find(segments=True))
    assert panel.correction.button.enabled, panel.correction.button.toolTip
    panel.correction.button.click()
    until(lambda: panel.operation is None, "going on with the corrected scan")
    assert len(module.session.models.find(segments=True)) == before + 1, panel.live.progress.text.text


def _measure(module: ModuleWidget, volume: Any, segmentation: Any) -> None:
    panel = open_panel(module, "biomarkers")
    panel.segmentation.setCurrentNode(segmentation)
    assert panel.volume.currentNode() is volume
    panel.measure_button.click()
    until(lambda: panel.operation is None, "measuring")
    table = slicer.mrmlScene.GetNodeByID(panel.state.table).GetTable()
    assert table.GetNumberOfRows() == segmentation.GetSegmentation().GetNumberOfSegments()
    panel.plot_button.click()


def _close_while_training(module: ModuleWidget, data: Data) -> None:
    """A training is started and Slicer is closed while it runs."""
    panel = open_panel(module, "finetune")
    panel.state.minutes = 30.0
    panel.save()
    panel.show_state()
    panel.start_button.click()
    until(lambda: panel.run is not None and panel.run.losses, "the first steps")
    module.cleanup()


def _find_runs(module: ModuleWidget) -> None:
    panel = open_panel(module, "runs")
    until(lambda: len(module.session.runs.rows) == 4, "finding the four runs")
    assert sorted(row.state for row in module.session.runs.rows) == [DONE, DONE, DONE, RUNNING]
    running = next(row for row in module.session.runs.rows if row.state == RUNNING)
    panel.state.selected = str(running.path)
    panel.save()
    panel.show_state()
    panel.live.progress.cancel_button.click()
    until(lambda: panel.run.handle.state() != RUNNING, "the end of the cancelled run")
    until(lambda: _is_gone(panel.run.handle.folder.read_status().pid), "the end of its process")


def _is_gone(pid: int) -> bool:
    """Whether a child has ended; its parent would be gone by now, had Slicer really been closed."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
