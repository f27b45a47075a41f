"""Going on from a model with a corrected scan: which scans validate, so that the Dice stays a fair one."""

from __future__ import annotations

from pathlib import Path
from typing import FrozenSet, List, Tuple

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.gui.data_choice import DataChoice, chosen_splits, usable_cases
from SSLSegmentationLib.imaging.dataset import find_cases
from SSLSegmentationLib.imaging.dataset.ordering import ordered, split_validation, within_budget
from SSLSegmentationLib.imaging.dataset.splits import read_splits
from SSLSegmentationLib.imaging.scan import Case

Ids = FrozenSet[str]
_NONE: Ids = frozenset()


def kept_validation(choice: DataChoice, model: Path) -> Tuple[str, ...]:
    """The ids of the scans that validate when a training goes on from `model` with the last of the added scans.

    These are the ones that the model was validated on, as far as they are still chosen; where there are none, those of the
    splits, or of the engine's own draw, that the model was not trained on. The corrected scan, and with it all scans of its
    subject, is trained on. Raises what reading the chosen scans raises.
    """
    cases, label = usable_cases(choice), Path(choice.added[-1]["label"])
    corrected = {case.subject for case in cases if case.label == label}
    trained, validated = _used_by(model)
    held_out = {case.subject for case in cases if case.id in validated} - corrected
    if not held_out:
        known = {case.subject for case in cases if case.id in trained}
        held_out = {case.subject for case in _usual(choice, cases)} - known - corrected
    return tuple(case.id for case in cases if case.subject in held_out)


def _usual(choice: DataChoice, cases: List[Case]) -> List[Case]:
    """The scans that would validate had the corrected one not been added."""
    splits = chosen_splits(choice)
    if splits is not None:
        return [case for case in cases if case.id in splits.validation]
    before = [case for case in cases if case.id != choice.added[-1]["id"]]
    return split_validation(ordered(before, seed=Config().seed))[1]


def _used_by(model: Path) -> Tuple[Ids, Ids]:
    """Ids of the scans that a model was trained and validated on; empty where its run is not on this computer any more."""
    # A package lies in the folder of its run.
    folder = next((place for place in (model, model.parent) if JobFolder(place).config.is_file()), None)
    try:
        return (_NONE, _NONE) if folder is None else _used(JobFolder(folder).read_record().config)
    except SSLSegmentationError:
        return _NONE, _NONE


def _used(config: Config) -> Tuple[Ids, Ids]:
    """Ids of the scans that a fine-tuning with `config` trains and validates on, by the rules of the engine."""
    if config.data.splits:
        splits = read_splits(Path(config.data.splits))
        return frozenset(splits.train), frozenset(splits.validation)
    labelled = [case for case in find_cases(config.data).cases if case.label is not None]
    train, validation = split_validation(within_budget(ordered(labelled, seed=config.seed), config.data))
    return frozenset(case.id for case in train), frozenset(case.id for case in validation)
