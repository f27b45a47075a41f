"""The panel Scans."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Tuple

import qt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.operation import Operation, Progress
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.panels.scans import logic
from SSLSegmentationLib.gui.panels.scans.found_table import MOST_LINES, FoundTable
from SSLSegmentationLib.gui.panels.scans.rows import Found, FoundRow, counts_text, with_found
from SSLSegmentationLib.gui.panels.scans.scene_pairs import ScenePairs
from SSLSegmentationLib.gui.panels.scans.state import CT, DATASET, FOLDERS, MRI, NOWHERE, ScansState
from SSLSegmentationLib.gui.panels.scans.tissue_editor import TissueEditor
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow


class _Key(NamedTuple):
    """What the search depends on: folders and data sets, scans of the scene, and whether all voxels are read."""

    sources: Tuple[str, ...]
    scene: Tuple[Any, ...]
    thorough: bool


class ScansPanel(Panel[ScansState]):
    """Which scans there are to learn from; looked at as soon as they are chosen."""

    name = logic.PREFIX
    state_type = ScansState

    def build(self) -> None:
        self.operation: Optional[Operation[Any]] = None
        self.found: Optional[Found] = None
        self._looked_at: Optional[_Key] = None
        # Whether what the scans say of their modality is to be chosen.
        self._proposing = False
        self._build_sources()
        self._build_scene()
        self._build_found()
        self._build_tissues()

    def _build_sources(self) -> None:
        rows = self.form
        self.unlabelled = rows.add(
            _("Unlabelled scans"),
            form.path_edit(folder=True),
            _("Folder of NIfTI, NRRD or MHA files to pretrain on, or of a data set (dataset.json). May hold labelled ones too."),
        )
        self.labelled = rows.add(
            _("Labelled scans"),
            form.choice(
                [
                    (NOWHERE, _("none, or from the scene")),
                    (FOLDERS, _("a folder of images, one of labels")),
                    (DATASET, _("a data set (dataset.json)")),
                ]
            ),
            _("Where scans with label maps come from. Scans of the scene can be added to each."),
        )
        self.images = rows.add(_("Images"), form.path_edit(folder=True), _("Folder of the scans; one file is one scan."))
        self.labels = rows.add(
            _("Label maps"), form.path_edit(folder=True), _("Folder of label maps with the same names as their scans.")
        )
        self.dataset = rows.add(
            _("Data set"),
            form.path_edit(folder=False, name_filters=["dataset.json (*.json)"]),
            _("A dataset.json as in the Medical Segmentation Decathlon; it names scans, label maps and tissues."),
        )
        self.splits = rows.add(
            _("Splits (optional)"),
            form.path_edit(folder=False, name_filters=["splits.json (*.json)"]),
            _("A file that says who is trained on and who validates; without it a fifth of the labelled scans validates."),
        )
        self.modality = rows.add(
            _("Modality"), form.choice([(MRI, "MRI"), (CT, "CT")]), _("Decides how intensities are scaled; CT is in HU.")
        )
        self.paths = {
            "unlabelled": self.unlabelled,
            "images": self.images,
            "labels": self.labels,
            "dataset": self.dataset,
            "splits": self.splits,
        }
        for path in self.paths.values():
            self.connect_path(path, self._chosen)
        self.connect(self.labelled, "currentIndexChanged(int)", self._chosen)
        self.connect(self.modality, "currentIndexChanged(int)", self._chosen)

    def _build_scene(self) -> None:
        self.scene = ScenePairs()
        self.form.add_wide(self.scene.widget)
        self.scene.widget.collapsed = True
        self.connect(self.scene.add_button, "clicked()", self._add_chosen)
        self.connect(self.scene.add_current_button, "clicked()", self._add_current)
        self.connect(self.scene.remove_button, "clicked()", self._remove_pairs)

    def _build_found(self) -> None:
        rows = self.form
        self.look_button = form.button(_("Look again"), _("Looks anew at what the folders, data sets and the scene hold."))
        self.look_button.setObjectName("lookButton")
        self.thorough = qt.QCheckBox(_("Read every voxel"))
        self.thorough.setToolTip(
            _("Also reads all unlabelled scans, about a second each, to find damaged files and values that are not finite.")
        )
        rows.add_wide(form.row(self.look_button, self.thorough))
        self.progress = ProgressRow(self.connections)
        rows.add_wide(self.progress.widget)
        self.counts = rows.add_wide(form.note(), _("How many scans were found."))
        self.only_problems = qt.QCheckBox(_("Show only those with problems"))
        self.only_problems.setToolTip(_("Hides the scans that can be used."))
        rows.add_wide(self.only_problems)
        self.table = FoundTable()
        rows.add_wide(self.table.widget)
        self.connect(self.look_button, "clicked()", self.look)
        self.connect(self.thorough, "toggled(bool)", self._chosen)
        self.connect(self.only_problems, "toggled(bool)", self._refresh)

    def _build_tissues(self) -> None:
        self.tissues = TissueEditor(self.connections, on_change=self._tissues_changed)
        self.form.add_wide(self.tissues.widget)
        self.connect(self.tissues.fill_button, "clicked()", self._fill_tissues)

    def show_state(self) -> None:
        state = self.state
        controls = [*self.paths.values(), self.labelled, self.modality, self.thorough]
        blocked = [(control, control.blockSignals(True)) for control in controls]
        for key, edit in self.paths.items():
            form.show_path(edit, getattr(state, key))
        form.select(self.labelled, state.labelled)
        form.select(self.modality, state.modality)
        self.thorough.setChecked(state.thorough)
        for control, before in blocked:
            control.blockSignals(before)
        folders, dataset = state.labelled == FOLDERS, state.labelled == DATASET
        for control, visible in (
            (self.images, folders),
            (self.labels, folders),
            (self.dataset, dataset),
            (self.splits, folders or dataset),
        ):
            self.form.set_visible(control, visible)
        self.scene.show(state.scene_scans())
        self.tissues.show(state.tissue_table())
        self._refresh()

    def save(self) -> None:
        logic.save_state(self.session, self.state)

    def enter(self) -> None:
        self.state = logic.load_state(self.session)
        self.show_state()
        self._look_if_changed()

    def scene_closing(self) -> None:
        if self.found is None:
            # A search that was running has ended with the scene, and begins anew.
            self._looked_at = None

    def look(self) -> None:
        """Looks for scans; what was running is ended. Tissues that were found in other sources are no longer in force."""
        if self.operation is not None:
            self.operation.cancel()
        key = self._key()
        if self._looked_at is not None and self._looked_at.sources != key.sources and not self.state.own_tissues:
            self._set_tissues(TissueTable(()))
        self._looked_at = key
        self.found = None
        self.table.clear()
        self.operation = self.session.run(
            logic.find(self.session, self.state, on_row=self.table.put),
            on_progress=self._progressed,
            on_done=self._done,
            on_error=self._failed,
        )
        self.progress.start(self.operation)
        self._show_counts()

    def _sources(self) -> List[str]:
        """The paths that are chosen."""
        state = self.state
        by_kind = {FOLDERS: [state.images, state.labels, state.splits], DATASET: [state.dataset, state.splits]}
        return [path for path in (state.unlabelled, *by_kind.get(state.labelled, [])) if path]

    def _key(self) -> _Key:
        scene = [(scan.volume, scan.segmentation) if scan.in_scene else scan.saved for scan in self.state.scene_scans()]
        return _Key((self.state.labelled, *self._sources()), tuple(scene), self.state.thorough)

    def _look_if_changed(self) -> None:
        """Looks anew where other scans are chosen than those that were looked at."""
        anything = self._looked_at or self._sources() or self.state.scene_scans() or self.table.rows
        if anything and self._key() != self._looked_at:
            self.look()

    def _progressed(self, progress: Progress) -> None:
        self.progress.show(progress)
        self._show_counts()

    def _done(self, found: Found) -> None:
        self.operation = None
        self.found = found
        hidden = len(found.rows) - MOST_LINES
        more = [_("Only the first {count} have a line, and those with problems.").format(count=MOST_LINES)] if hidden > 0 else []
        self.progress.finish("\n".join([*found.problems, *more]))
        if not self.state.own_tissues:
            self._set_tissues(with_found(TissueTable(()), found))
        if self._proposing and found.modality:
            self.state.modality = found.modality
            self.save()
        self._proposing = False
        self.show_state()

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        cancelled = error.code == "job.cancelled"
        self.progress.finish(_("Stopped; not all scans were looked at.") if cancelled else f"{error.message} {error.hint}")
        self._refresh()
        messages.show_error(error)

    def _refresh(self) -> None:
        state = self.state
        self.table.refresh(tissues=state.tissue_table(), modality=state.modality, only_problems=self.only_problems.checked)
        self._show_counts()

    def _show_counts(self) -> None:
        rows: List[FoundRow] = self.table.rows
        self.counts.setText(counts_text(rows, self.state.tissue_table()) if rows else _("No scans are chosen yet."))
        for control in (self.table.widget, self.only_problems):
            control.setVisible(bool(rows))

    def _chosen(self) -> None:
        state, before, modality = self.state, self._key(), self.state.modality
        for key, edit in self.paths.items():
            setattr(state, key, str(edit.currentPath))
        state.labelled = self.labelled.currentData
        state.modality = self.modality.currentData
        state.thorough = self.thorough.checked
        # What other scans say counts until the person says something else.
        self._proposing = (self._proposing or self._key().sources != before.sources) and state.modality == modality
        self._changed()

    def _changed(self) -> None:
        self.save()
        self.show_state()
        self._look_if_changed()

    def _add_chosen(self) -> None:
        self._add(*self.scene.chosen())

    def _add_current(self) -> None:
        self._add(*self.scene.on_screen())

    def _add(self, volume: Any, segmentation: Any) -> None:
        if volume is None or segmentation is None:
            raise SSLSegmentationError(
                "data.missing",
                _("A volume and a segmentation are needed."),
                hint=_("Load a scan, and draw its tissues in the Segment Editor."),
            )
        self.state = logic.add_pair(self.session, volume, segmentation)
        self._changed()

    def _remove_pairs(self) -> None:
        lines = self.scene.selected_lines()
        self.state.set_scene_scans([scan for number, scan in enumerate(self.state.scene_scans()) if number not in lines])
        self._changed()

    def _fill_tissues(self) -> None:
        found = self.found or Found(tuple(self.table.rows))
        self.state.own_tissues = False
        self._set_tissues(with_found(TissueTable(()), found))
        self._refresh()

    def _tissues_changed(self, tissues: TissueTable) -> None:
        self.state.own_tissues = bool(len(tissues))
        self._set_tissues(tissues)
        self._refresh()

    def _set_tissues(self, tissues: TissueTable) -> None:
        self.state.set_tissues(tissues)
        self.save()
        self.tissues.show(tissues)
