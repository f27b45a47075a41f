"""Who is trained on and who is validated on: splits.json."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.dataset.case_list import label_names, read_json, text_list
from SSLSegmentationLib.imaging.scan import Case

KEYS = ("train", "validation", "label_order", "subjects", "labels")


@dataclass(frozen=True)
class Splits:
    """Ids of cases. `label_order` is None where the file gives none; `subjects` maps a case to its subject."""

    path: Path
    train: Tuple[str, ...]
    validation: Tuple[str, ...]
    label_order: Optional[Tuple[str, ...]] = None
    subjects: Mapping[str, str] = field(default_factory=dict)
    tissues: TissueTable = field(default_factory=lambda: TissueTable(()))
    warnings: Tuple[str, ...] = ()


def read_splits(path: Path) -> Splits:
    """Raises `data.dataset_invalid` for doubled ids and ids on both sides."""
    raw = read_json(path, what="splits file")
    if not isinstance(raw, dict) or "train" not in raw:
        raise SSLSegmentationError("data.dataset_invalid", f"The splits file {path} has no 'train'.")
    subjects = raw.get("subjects", {})
    if not isinstance(subjects, dict) or not all(isinstance(subject, str) for subject in subjects.values()):
        raise SSLSegmentationError("data.dataset_invalid", f"'subjects' of {path} is not a table from case to subject.")
    unknown = [key for key in raw if key not in KEYS]
    splits = Splits(
        path=path,
        train=_ids(path, raw, "train"),
        validation=_ids(path, raw, "validation"),
        label_order=_ids(path, raw, "label_order") if "label_order" in raw else None,
        subjects=subjects,
        tissues=label_names(raw.get("labels", {}), source=f"'labels' of {path}"),
        warnings=(f"{path.name}: {', '.join(unknown)} is not used.",) if unknown else (),
    )
    _refuse(path, "in both train and validation", sorted(set(splits.train) & set(splits.validation)))
    _refuse(path, "in label_order but not in train", [name for name in splits.label_order or () if name not in set(splits.train)])
    return splits


def _ids(path: Path, raw: Dict[str, Any], key: str) -> Tuple[str, ...]:
    names = text_list(raw.get(key, []), source=f"'{key}' of {path}")
    _refuse(path, f"twice in {key}", sorted(name for name in set(names) if names.count(name) > 1))
    return tuple(names)


def _refuse(path: Path, what: str, names: Sequence[str]) -> None:
    if names:
        cases = counted(len(names), "case is", "cases are")
        raise SSLSegmentationError("data.dataset_invalid", f"{path}: {cases} {what}: {', '.join(names[:5])}.")


def with_subjects(cases: Iterable[Case], splits: Splits) -> List[Case]:
    """The cases with the subjects that the splits give."""
    return [replace(case, subject=splits.subjects.get(case.id, case.subject)) for case in cases]


def check_known(splits: Splits, ids: Iterable[str]) -> None:
    """Refuses ids of the splits that no case has."""
    known = set(ids)
    named = [*splits.train, *splits.validation, *splits.subjects]
    _refuse(splits.path, "not in the data", list(dict.fromkeys(name for name in named if name not in known)))
