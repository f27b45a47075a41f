"""Who is used for what: the cases that a run trains on and those that it validates on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.dataset.case_list import CaseList
from SSLSegmentationLib.imaging.dataset.finding import default_channels, labelled_source
from SSLSegmentationLib.imaging.dataset.ordering import by_id, ordered, split_validation, within_budget
from SSLSegmentationLib.imaging.dataset.splits import Splits, check_known, read_splits, with_subjects
from SSLSegmentationLib.imaging.dataset.unlabelled import unlabelled_cases
from SSLSegmentationLib.imaging.dataset.usable import joined_tissues, require_learnable, same_channels, usable_cases
from SSLSegmentationLib.imaging.scan import Case


@dataclass(frozen=True)
class TrainingCases:
    """Cases of one run, all of them usable, on the same channels. `tissues` is empty in pretraining."""

    train: Tuple[Case, ...]
    validation: Tuple[Case, ...]
    tissues: TissueTable
    channels: Tuple[str, ...]
    warnings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sources:
    """What the data section of a config names."""

    labelled: List[Case]
    unlabelled: Optional[List[Case]]
    splits: Optional[Splits]
    tissues: TissueTable
    channels: Tuple[str, ...]


def training_cases(config: Config, *, purpose: str) -> TrainingCases:
    """The cases of a "pretrain" or "finetune" run.

    Pretraining takes `data.unlabelled`, else all training cases, without labels; finetuning takes the labelled training
    cases within the label budget. Validation is on the splits' own cases, else on a fifth of the labelled subjects, which
    are then held out of pretraining too. Raises `SSLSegmentationError` for data or a config that cannot be used.
    """
    sources = _read_sources(config)
    warnings = list(sources.splits.warnings) if sources.splits else []
    if purpose == "pretrain":
        train, validation, more = _pretrain_cases(config, sources)
    else:
        train, validation, more = _finetune_cases(config, sources)
    warnings += more
    return _checked(config, sources, train, validation, warnings, purpose=purpose)


def _read_sources(config: Config) -> _Sources:
    data = config.data
    found = labelled_source(data)
    unlabelled = unlabelled_cases(data.unlabelled) if data.unlabelled else None
    if found is None and unlabelled is None:
        raise SSLSegmentationError(
            "config.invalid_value",
            "The config names no scans.",
            hint="Set data.dataset, data.images, data.cases or data.unlabelled.",
        )
    source = found or unlabelled or CaseList(())
    labelled = list(found.cases) if found else []
    extra = list(unlabelled.cases) if unlabelled else None
    splits = read_splits(Path(data.splits)) if data.splits else None
    if splits:
        check_known(splits, [case.id for case in [*labelled, *(extra or [])]])
        labelled = with_subjects(labelled, splits)
        extra = with_subjects(extra, splits) if extra is not None else None
    tissues = source.tissues if len(source.tissues) or splits is None else splits.tissues
    channels = source.channels or default_channels(data, len(source.cases[0].images))
    return _Sources(labelled, extra, splits, tissues, channels)


def _split(config: Config, sources: _Sources, cases: Sequence[Case]) -> Tuple[List[Case], List[Case], List[str]]:
    """(train, validation) of cases by the splits file."""
    splits = sources.splits
    assert splits is not None
    known = by_id(cases)
    train = [known[name] for name in splits.train if name in known]
    validation = [known[name] for name in splits.validation if name in known]
    named = {*splits.train, *splits.validation}
    left_out = [case.id for case in cases if case.id not in named]
    warnings = [
        f"{counted(len(left_out), 'case is', 'cases are')} in neither train nor validation of {splits.path.name} and left out: "
        f"{_some(left_out)}."
    ]
    return train, validation, warnings if left_out else []


def _pretrain_cases(config: Config, sources: _Sources) -> Tuple[List[Case], List[Case], List[str]]:
    pool = _merged(sources.labelled, sources.unlabelled or [])
    if sources.splits is not None:
        train, validation, warnings = _split(config, sources, pool if sources.unlabelled is None else sources.labelled)
        if sources.unlabelled is not None:
            validation = [by_id(pool)[name] for name in sources.splits.validation]
    else:
        warnings = []
        labelled = ordered([case for case in sources.labelled if case.label is not None], seed=config.seed)
        _, validation = split_validation(labelled)
        if not labelled and config.pretext.early_stopping:
            _, validation = split_validation(ordered(pool, seed=config.seed))
            of = f"of {len(pool)} scans"
            held_out = counted(len(validation), f"{of} is held out", f"{of} are held out")
            warnings.append(f"Early stopping needs validation: {held_out} for it.")
        train = pool
    if sources.unlabelled is not None:
        train = sources.unlabelled
    train, more = _without(train, validation)
    warnings += more
    return [replace(case, label=None) for case in train], [replace(case, label=None) for case in validation], warnings


def _merged(first: Sequence[Case], second: Sequence[Case]) -> List[Case]:
    known = {case.id for case in first}
    return [*first, *(case for case in second if case.id not in known)]


def _without(train: Sequence[Case], validation: Sequence[Case]) -> Tuple[List[Case], List[str]]:
    """`train` less every scan that serves validation, by id, subject or file."""
    ids = {case.id for case in validation}
    subjects = {case.subject for case in validation}
    files = {path.resolve() for case in validation for path in case.images}
    kept: List[Case] = []
    dropped: List[Case] = []
    for case in train:
        held_out = case.id in ids or case.subject in subjects or any(path.resolve() in files for path in case.images)
        (dropped if held_out else kept).append(case)
    return kept, [
        f"{counted(len(dropped), 'scan serves validation and is', 'scans serve validation and are')} not trained on: "
        f"{_some([case.id for case in dropped])}."
    ] if dropped else []


def _finetune_cases(config: Config, sources: _Sources) -> Tuple[List[Case], List[Case], List[str]]:
    if not sources.labelled:
        raise SSLSegmentationError(
            "config.invalid_value",
            "Fine-tuning needs labelled scans, and the config names none.",
            hint="Set data.dataset, data.images with data.labels, or data.cases.",
        )
    splits = sources.splits
    if splits is None:
        pool, warnings = _with_labels(sources.labelled, "")
        train, validation = split_validation(within_budget(ordered(pool, seed=config.seed), config.data))
        return train, validation, warnings
    train, validation, warnings = _split(config, sources, sources.labelled)
    lacking = [case.id for case in validation if case.label is None]
    wanted = [name for name in splits.label_order or () if name in by_id(train) and by_id(train)[name].label is None]
    for names, what in ((lacking, "validation"), (wanted, "label_order")):
        if names and config.data.strict:
            raise SSLSegmentationError(
                "data.unpaired", f"No label map for {counted(len(names), 'case')} of {what} in {splits.path}: {_some(names)}."
            )
    if lacking:
        left_out = counted(len(lacking), "validation case has no label map and is", "validation cases have no label map and are")
        warnings.append(f"{left_out} left out: {_some(lacking)}.")
    validation = [case for case in validation if case.label is not None]
    shared = sorted({case.subject for case in train} & {case.subject for case in validation})
    if shared:
        subjects = counted(len(shared), "subject is", "subjects are")
        fact = f"{subjects} in both train and validation of {splits.path.name}: {_some(shared)}"
        if config.data.strict:
            raise SSLSegmentationError("data.dataset_invalid", f"{fact}.", hint="Put all cases of a subject on one side.")
        train = [case for case in train if case.subject not in set(shared)]
        warnings.append(f"{fact}; not trained on.")
    train, more = _with_labels(train, "training ")
    train = within_budget(ordered(train, seed=config.seed, label_order=splits.label_order), config.data)
    return train, validation, warnings + more


def _with_labels(cases: Sequence[Case], what: str) -> Tuple[List[Case], List[str]]:
    without = [case.id for case in cases if case.label is None]
    of = f"of {len(cases)} {what}cases"
    fact = counted(len(without), f"{of} has no label map and is not used", f"{of} have no label map and are not used")
    warnings = [f"{fact}: {_some(without)}."] if without else []
    return [case for case in cases if case.label is not None], warnings


def _checked(
    config: Config, sources: _Sources, train: List[Case], validation: List[Case], warnings: List[str], *, purpose: str
) -> TrainingCases:
    strict = config.data.strict
    cases, more = same_channels([*train, *validation], strict=strict)
    warnings += more
    tissues = sources.tissues if purpose == "finetune" else TissueTable(())
    usable, facts, more = usable_cases(cases, tissues=tissues, strict=strict)
    warnings += more
    names = {case.id for case in usable}
    kept = tuple(case for case in train if case.id in names)
    if not kept:
        raise SSLSegmentationError("data.no_cases", f"No case is left to {purpose} on{': ' + warnings[-1] if warnings else '.'}")
    if purpose == "finetune":
        tissues = joined_tissues(tissues, [fact.tissues for fact in facts])
        require_learnable(tissues)
    channels = sources.channels
    if len(channels) != len(kept[0].images):
        channels = default_channels(config.data, len(kept[0].images))
    return TrainingCases(
        train=kept,
        validation=tuple(case for case in validation if case.id in names),
        tissues=tissues,
        channels=channels,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
