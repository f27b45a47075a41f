"""What a training learns from: the choice made in the panel Scans, and the data section of a config that it becomes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import write_text
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, ScansState
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases
from SSLSegmentationLib.imaging.dataset.splits import read_splits
from SSLSegmentationLib.imaging.scan import Case

PRETRAIN, FINETUNE = "pretrain", "finetune"
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class DataChoice:
    """What training takes.

    Labelled scans come from a `dataset` (dataset.json), from the folders `images` and `labels`, or from nowhere, and from
    `added`: entries {id, subject, images, label} of scans that were saved from the scene. `tissues` may be empty: then
    their names come from the data.
    """

    unlabelled: Optional[str] = None
    dataset: Optional[str] = None
    images: Optional[str] = None
    labels: Optional[str] = None
    added: Tuple[Entry, ...] = ()
    splits: Optional[str] = None
    modality: str = "mri"
    tissues: TissueTable = TissueTable(())

    @classmethod
    def of(cls, state: ScansState, *, added: Sequence[Entry] = ()) -> "DataChoice":
        """The choice that a state makes; `added` are its scene pairs after saving."""
        folders, dataset = state.labelled == FOLDERS, state.labelled == DATASET
        return cls(
            unlabelled=state.unlabelled or None,
            dataset=state.dataset or None if dataset else None,
            images=state.images or None if folders else None,
            labels=state.labels or None if folders else None,
            added=tuple(added),
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
    choice = DataChoice.of(state)
    if choice.images is not None and choice.labels is None and command == FINETUNE and not state.pairs():
        return _("Choose the folder of label maps in 'Scans'.")
    if choice.labels is not None and choice.images is None:
        return _("Choose the folder of images in 'Scans'.")
    labelled = choice.labelled_source or bool(state.pairs())
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
        cases = _all_cases(choice)
        write_text(folder / "cases.json", json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
        data["cases"] = str(folder / "cases.json")
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
    if choice.splits is not None:
        data["splits"] = _splits(choice, folder)
    if len(choice.tissues):
        write_tissues(folder / "tissues.json", choice.tissues)
        data["tissues"] = str(folder / "tissues.json")
    return data


def labelled_config(choice: DataChoice) -> Optional[DataConfig]:
    """The data set or folders of labelled scans for `find_cases`; None where none are chosen."""
    if not choice.labelled_source:
        return None
    return DataConfig(dataset=choice.dataset, images=choice.images, labels=choice.labels, modality=choice.modality)


def _all_cases(choice: DataChoice) -> List[Dict[str, Any]]:
    source = labelled_config(choice)
    found = find_cases(source).cases if source is not None else ()
    if any(volume is not None for case in found for volume in case.volumes):
        raise SSLSegmentationError(
            "config.conflict",
            _("The scans of {path} have several channels in one file; single volumes cannot be added to them.").format(
                path=choice.dataset
            ),
            hint=_("Remove the scans of the scene from 'Scans', or split the files by channel."),
        )
    # Two nodes of the same voxels are one scan; the later one counts.
    added = {str(entry["id"]): dict(entry) for entry in choice.added}
    return [*(_entry(case) for case in found), *added.values()]


def _entry(case: Case) -> Dict[str, Any]:
    return {
        "id": case.id,
        "subject": case.subject,
        "images": [str(path.absolute()) for path in case.images],
        "label": str(case.label.absolute()) if case.label is not None else None,
    }


def _splits(choice: DataChoice, folder: Path) -> str:
    """The splits file; where scans were added, one that trains on these as well, before all others."""
    path = Path(choice.splits or "")
    if not choice.added:
        return str(path)
    splits = read_splits(path)
    new = list(dict.fromkeys(str(entry["id"]) for entry in choice.added))
    raw: Dict[str, Any] = {
        "train": [*new, *splits.train],
        "validation": list(splits.validation),
        "subjects": dict(splits.subjects),
        "labels": {str(tissue.value): tissue.name for tissue in splits.tissues},
    }
    if splits.label_order is not None:
        raw["label_order"] = [*new, *splits.label_order]
    write_text(folder / "splits.json", json.dumps(raw, indent=1, ensure_ascii=False) + "\n")
    return str(folder / "splits.json")
