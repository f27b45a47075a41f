"""The whole way of a person through the panels, played by pressing what is on screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Set, Tuple

import numpy as np
import slicer

from SSLSegmentationLib.contract.files import stem
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.panels.budgets import MINUTES
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS
from SSLSegmentationLib.gui.run import DONE, RUNNING
from SSLSegmentationLib.gui.scene.segments import closed_surface
from SSLSegmentationLib.gui.selftest.person import Person
from SSLSegmentationLib.gui.selftest.support import require
from SSLSegmentationLib.imaging.dataset import training_cases

# Long enough to be closed and found again while it runs.
_ENDLESS_MINUTES = 30.0


@dataclass(frozen=True)
class Data:
    """What the story is played on: `dataset` with `splits`, or folders of `images` and `labels`. `scan` is segmented.

    `labelled`: how many labelled scans are used, 0 for all.
    """

    scan: Path
    images: Path
    labels: Path
    modality: str
    dataset: str = ""
    splits: str = ""
    labelled: int = 0
    minutes: float = 0.2
    continue_minutes: float = 0.1


class Story:
    """`open_module` opens the module anew, as after a start of Slicer."""

    def __init__(self, data: Data, person: Person, open_module: Callable[[], ModuleWidget]) -> None:
        self.data = data
        self.person = person
        self.segmentation: Any = None
        # The process of the run that was cancelled at the end.
        self.cancelled_pid = 0
        self._open_module = open_module

    def parts(self) -> Iterator[Tuple[str, Callable[[], None]]]:
        """Name and action of each part, in their order."""
        yield "open the module", self.open
        yield "choose the scans", self.choose_scans
        yield "load a scan", self.load_scan
        yield "preview", self.preview
        yield "pretrain", self.pretrain
        yield "fine-tune", self.finetune
        yield "apply", self.apply
        yield "show in 3D", self.show_in_3d
        yield "correct, add and continue", self.correct_and_continue
        yield "biomarkers", self.measure
        yield "close Slicer", self.close_while_training
        yield "open again, runs found, one cancelled", self.find_runs

    def open(self) -> None:
        self.module = self._open_module()
        self.person.wait(lambda: not self.module.opening.running, "opening")

    def choose_scans(self) -> None:
        person, data = self.person, self.data
        panel = person.open_panel(self.module, "scans")
        person.choose(panel.modality, data.modality)
        person.choose(panel.labelled, DATASET if data.dataset else FOLDERS)
        if data.dataset:
            panel.dataset.currentPath = data.dataset
            panel.splits.currentPath = data.splits
        else:
            panel.images.currentPath = str(data.images)
            panel.labels.currentPath = str(data.labels)
        person.wait(lambda: panel.operation is None and panel.found is not None, "finding the scans")
        require(panel.table.rows, "scans are found")
        require(len(panel.state.tissue_table()), "their tissues are known")

    def load_scan(self) -> None:
        self.volume = slicer.util.loadVolume(str(self.data.scan))

    def preview(self) -> None:
        panel = self.person.open_panel(self.module, "pretrain")
        panel.preview.volume.setCurrentNode(self.volume)
        self.person.wait(lambda: panel.preview.preview is not None, "the preview")

    def pretrain(self) -> None:
        panel = self.person.open_panel(self.module, "pretrain")
        self.person.choose(panel.controls.preset, "quick")
        self._train_for(panel, self.data.minutes)
        self.person.wait(lambda: panel.start_button.enabled, "the list of pretext tasks")
        self._train(panel, panel.start_button)
        require(self.module.session.models.find(segments=False), f"there is a pretrained model: {panel.live.progress.text.text}")

    def finetune(self) -> None:
        person = self.person
        panel = person.open_panel(self.module, "finetune")
        (pretrained, *_others) = self.module.session.models.find(segments=False)
        person.choose(panel.controls.start, str(pretrained.path))
        person.choose(panel.controls.preset, "quick")
        panel.controls.scans.setValue(self.data.labelled)
        panel.correction.minutes.setValue(self.data.continue_minutes)
        self._train_for(panel, self.data.minutes)
        if not panel.start_button.enabled:
            person.press(panel.controls.use_model_button)
        self._train(panel, panel.start_button)
        require(self.module.session.models.find(segments=True), f"there is a model: {panel.live.progress.text.text}")

    def apply(self) -> None:
        panel = self.person.open_panel(self.module, "apply")
        panel.volume.setCurrentNode(self.volume)
        before = set(panel.state.results)
        self.person.press(panel.apply_button)
        self.person.wait(lambda: panel.operation is None, "segmenting")
        made = set(panel.state.results) - before
        require(len(made) == 1, f"one segmentation is made: {panel.progress.text.text}")
        self.segmentation = slicer.mrmlScene.GetNodeByID(made.pop())

    def show_in_3d(self) -> None:
        panel = self.person.open_panel(self.module, "apply")
        content = self.segmentation.GetSegmentation()
        self.person.press(panel.show_button)
        self.person.wait(lambda: content.ContainsRepresentation(closed_surface()), "making the surfaces")

    def correct_and_continue(self) -> None:
        self.person.press(self.person.open_panel(self.module, "apply").edit_button)
        paint(self.volume, self.segmentation)
        panel = self.person.open_panel(self.module, "finetune")
        (start,) = self.module.session.models.find(segments=True)
        self._train(panel, panel.correction.button)
        models = self.module.session.models.find(segments=True)
        require(len(models) == 2, f"there is one more model: {panel.live.progress.text.text}")
        scan = stem(self.data.scan)
        trained, validated = used_by(models[0].path)
        require(scan in trained, "the corrected scan is trained on")
        require(validated == used_by(start.path)[1] - {scan}, "the other scans that validated still do")

    def measure(self) -> None:
        panel = self.person.open_panel(self.module, "biomarkers")
        panel.segmentation.setCurrentNode(self.segmentation)
        require(panel.volume.currentNode() is self.volume, "the scan of the segmentation is chosen")
        self.person.press(panel.measure_button)
        self.person.wait(lambda: panel.operation is None, "measuring")
        table = slicer.mrmlScene.GetNodeByID(panel.state.table).GetTable()
        n_tissues = self.segmentation.GetSegmentation().GetNumberOfSegments()
        require(table.GetNumberOfRows() == n_tissues, "the table has a row per tissue")
        self.person.press(panel.plot_button)

    def close_while_training(self) -> None:
        """A training is started, and Slicer is closed while it runs."""
        panel = self.person.open_panel(self.module, "finetune")
        self._train_for(panel, _ENDLESS_MINUTES)
        self.person.press(panel.start_button)
        self.person.wait(lambda: panel.run is not None and panel.run.losses, "the first steps")
        self.module.cleanup()

    def find_runs(self) -> None:
        """All runs are there after a new start; the one that still runs is stopped."""
        self.open()
        panel = self.person.open_panel(self.module, "runs")
        runs = self.module.session.runs
        self.person.wait(lambda: len(runs.rows) == 4, "finding the four runs")
        states = [row.state for row in runs.rows]
        require(sorted(states) == [DONE, DONE, DONE, RUNNING], f"three runs are done and one runs, not {states}")
        panel.table.widget.selectRow(states.index(RUNNING))
        self.person.press(panel.live.progress.cancel_button)
        handle = panel.run.handle
        self.cancelled_pid = handle.folder.read_status().pid
        self.person.wait(lambda: handle.state() != RUNNING, "the end of the cancelled run")

    def _train_for(self, panel: Any, minutes: float) -> None:
        self.person.choose(panel.controls.settings.budget, MINUTES)
        panel.controls.settings.minutes.setValue(minutes)

    def _train(self, panel: Any, button: Any) -> None:
        self.person.press(button)
        self.person.wait(lambda: panel.operation is None, "the end of the training")


def used_by(job: Path) -> Tuple[Set[str], Set[str]]:
    """Ids of the scans that a fine-tuning trains and validates on."""
    cases = training_cases(JobFolder(job).read_record().config, purpose="finetune")
    return {case.id for case in cases.train}, {case.id for case in cases.validation}


def paint(volume: Any, segmentation: Any) -> None:
    """What a person does in the Segment Editor: paints the middle of the scan as the first segment."""
    content = segmentation.GetSegmentation()
    identifiers = [content.GetNthSegmentID(number) for number in range(content.GetNumberOfSegments())]
    shape = slicer.util.arrayFromVolume(volume).shape
    middle = tuple(slice(side // 3, 2 * side // 3 + 1) for side in shape)
    for number, identifier in enumerate(identifiers):
        drawn = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, identifier, volume)
        voxels = np.zeros(shape, np.uint8) if drawn is None else drawn.copy()
        voxels[middle] = number == 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, segmentation, identifier, volume)
