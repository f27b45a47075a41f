"""What a training learns from: the choice made in the panel Scans, and the data section of a config that it becomes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import write_text
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, ScansState
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases
from SSLSegmentationLib.imaging.dataset.case_list import CaseList, missing_files
from SSLSegmentationLib.imaging.dataset.splits import Splits, read_splits, with_subjects
from SSLSegmentationLib.imaging.scan import Case

PRETRAIN, FINETUNE = "pretrain", "finetune"
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class DataChoice:
    """What training takes.

    Labelled scans come from a `dataset` (dataset.json), from the folders `images` and `labels`, or from nowhere, and from
    `added`: entries {id, subject, images, label, file} of scans that were saved from the scene; one that was loaded from the
    `file` of another labelled scan is that scan with a new label map. `validation`: the ids that validate, whatever the
    splits say; None where these, or the engine, decide. `tissues` may be empty: then their names come from the data.
    """

    unlabelled: Optional[str] = None
    dataset: Optional[str] = None
    images: Optional[str] = None
    labels: Optional[str] = None
    added: Tuple[Entry, ...] = ()
    splits: Optional[str] = None
    validation: Optional[Tuple[str, ...]] = None
    modality: str = "mri"
    tissues: TissueTable = TissueTable(())

    @classmethod
    def of(cls, state: ScansState) -> "DataChoice":
        """The choice that a state makes; scans of the scene take part in it once they are saved."""
        folders, dataset = state.labelled == FOLDERS, state.labelled == DATASET
        return cls(
            unlabelled=state.unlabelled or None,
            dataset=state.dataset or None if dataset else None,
            images=state.images or None if folders else None,
            labels=state.labels or None if folders else None,
            added=tuple(entry for entry in state.saved if entry),
            splits=(state.splits or None) if folders or dataset else None,
            modality=state.modality,
            tissues=state.tissue_table(),
        )

    @property
    def labelled_source(self) -> bool:
        """Whether a data set or folders of labelled scans are chosen."""
        return self.dataset is not None or self.images is not None


def missing(state: ScansState, *, command: str) -> str:
    """What is still to be chosen before "pretrain" or "finetune" can start; "" where nothing is."""
    choice, scene = DataChoice.of(state), state.scene_scans()
    if any(scan.lost for scan in scene):
        return _("A labelled scan is no longer in the scene and was not saved: remove it in 'Scans', or add it again.")
    if choice.images is not None and choice.labels is None and command == FINETUNE and not scene:
        return _("Choose the folder of label maps in 'Scans'.")
    if choice.labels is not None and choice.images is None:
        return _("Choose the folder of images in 'Scans'.")
    labelled = choice.labelled_source or bool(scene)
    if command == FINETUNE and not labelled:
        return _("Choose labelled scans in 'Scans', or add a volume with its segmentation there.")
    if not labelled and choice.unlabelled is None:
        return _("Choose a folder of scans in 'Scans'.")
    return ""


def as_config(choice: DataChoice, folder: Path) -> Dict[str, Any]:
    """The data section of a config; what it refers to is written into `folder`: cases.json, splits.json, tissues.json.

    The folder has to stay as long as the run may be resumed, and belongs to one run: its files are replaced. Raises
    `config.invalid_value` where nothing is chosen, `config.conflict` where a data set cannot be combined with added
    scans, what reading the data set raises, and `disk.*`.
    """
    data: Dict[str, Any] = {"modality": choice.modality}
    if choice.unlabelled is not None:
        data["unlabelled"] = choice.unlabelled
    if choice.added:
        data["cases"] = _written(folder / "cases.json", [_entry(case) for case in labelled_cases(choice).cases])
    elif choice.dataset is not None:
        data["dataset"] = choice.dataset
    elif choice.images is not None:
        data["images"] = choice.images
        if choice.labels is not None:
            data["labels"] = choice.labels
    elif choice.unlabelled is None:
        raise SSLSegmentationError(
            "config.invalid_value", _("No scans are chosen to learn from."), hint=_("Choose them in 'Scans'.")
        )
    if choice.validation is not None:
        data["splits"] = _written(folder / "splits.json", _own_splits(choice, choice.validation))
    elif choice.splits is not None:
        data["splits"] = _written(folder / "splits.json", _wider_splits(choice)) if choice.added else choice.splits
    if len(choice.tissues):
        write_tissues(folder / "tissues.json", choice.tissues)
        data["tissues"] = str(folder / "tissues.json")
    return data


def labelled_config(choice: DataChoice) -> Optional[DataConfig]:
    """The data set or folders of labelled scans for `find_cases`; None where none are chosen."""
    if not choice.labelled_source:
        return None
    return DataConfig(dataset=choice.dataset, images=choice.images, labels=choice.labels, modality=choice.modality)


def labelled_cases(choice: DataChoice) -> CaseList:
    """The scans on disk and the added ones, which come last; each scan once.

    Raises as `find_cases`, and `config.conflict` where a data set cannot be combined with added scans.
    """
    source = labelled_config(choice)
    found = find_cases(source) if source is not None else CaseList(())
    # Two nodes of the same voxels are one scan; the later one counts.
    added = {str(entry["id"]): entry for entry in choice.added}
    if added and any(volume is not None for case in found.cases for volume in case.volumes):
        raise SSLSegmentationError(
            "config.conflict",
            _("The scans of {path} have several channels in one file; single volumes cannot be added to them.").format(
                path=choice.dataset
            ),
            hint=_("Remove the scans of the scene from 'Scans', or split the files by channel."),
        )
    files = {name: Path(entry["file"]).resolve() for name, entry in added.items() if entry["file"]}
    names = {file.name for file in files.values()}
    cases: List[Case] = []
    for case in found.cases:
        # Only a file of the same name is looked for on the disk.
        images = {path.resolve(): path for path in case.images if path.name in names}
        same = [name for name, file in files.items() if file in images]
        cases.append(_relabelled(case, images[files[same[-1]]], added[same[-1]]) if same else case)
        added = {name: entry for name, entry in added.items() if name not in same}
        files = {name: file for name, file in files.items() if name not in same}
    return replace(found, cases=(*cases, *(_case(entry) for entry in added.values())))


def chosen_splits(choice: DataChoice) -> Optional[Splits]:
    """The splits file that is chosen; None without one. Raises what reading it raises."""
    return None if choice.splits is None else read_splits(Path(choice.splits))


def is_added(case: Case, choice: DataChoice) -> bool:
    """Whether a case has its label map from the scene."""
    return any(case.label == Path(entry["label"]) for entry in choice.added)


def usable_cases(choice: DataChoice) -> List[Case]:
    """The labelled cases that the chosen splits do not leave out, with the subjects that these give."""
    cases, splits = [case for case in labelled_cases(choice).cases if case.label is not None], chosen_splits(choice)
    if splits is None:
        return cases
    named = {*splits.train, *splits.validation}
    return with_subjects([case for case in cases if case.id in named or is_added(case, choice)], splits)


def _relabelled(case: Case, file: Path, entry: Entry) -> Case:
    """The case as it was saved from the scene: its label map, and the voxels on which that was drawn."""
    (image,), label = entry["images"], Path(entry["label"])
    images = tuple(Path(image) if path == file else path for path in case.images)
    return replace(case, images=images, label=label, problems=missing_files([*images, label]))


def _case(entry: Entry) -> Case:
    images, label = tuple(Path(image) for image in entry["images"]), Path(entry["label"])
    return Case(entry["id"], entry["subject"], images, label, missing_files([*images, label]), (None,) * len(images))


def _entry(case: Case) -> Dict[str, Any]:
    return {
        "id": case.id,
        "subject": case.subject,
        "images": [str(path.absolute()) for path in case.images],
        "label": str(case.label.absolute()) if case.label is not None else None,
    }


def _own_splits(choice: DataChoice, validation: Tuple[str, ...]) -> Dict[str, Any]:
    """Splits of all labelled scans: `validation`, and training on all others but those of subjects that validate.

    What a chosen splits file leaves out stays left out.
    """
    given, cases = chosen_splits(choice), usable_cases(choice)
    held_out = {case.subject for case in cases if case.id in validation}
    return {
        "train": [case.id for case in cases if case.subject not in held_out],
        "validation": [case.id for case in cases if case.id in validation],
        "subjects": {case.id: case.subject for case in cases},
        "labels": {} if given is None else _names(given),
    }


def _wider_splits(choice: DataChoice) -> Dict[str, Any]:
    """The chosen splits, with training on the added scans as well, before all others."""
    splits = read_splits(Path(choice.splits or ""))
    known = {*splits.train, *splits.validation}
    new = [case.id for case in labelled_cases(choice).cases if is_added(case, choice) and case.id not in known]
    raw: Dict[str, Any] = {
        "train": [*new, *splits.train],
        "validation": list(splits.validation),
        "subjects": dict(splits.subjects),
        "labels": _names(splits),
    }
    if splits.label_order is not None:
        raw["label_order"] = [*new, *splits.label_order]
    return raw


def _names(splits: Splits) -> Dict[str, str]:
    return {str(tissue.value): tissue.name for tissue in splits.tissues}


def _written(path: Path, content: Any) -> str:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return str(path)
