"""The order in which cases get their labels: budgets are its beginnings, so each smaller one lies in the larger."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.scan import Case

# Names the draw, so that no other draw of the same seed repeats it.
ORDER_DRAW = 0x5B1EC7
# Every fifth subject, from the second on: a fifth of any budget, and of a larger budget the same ones and more.
VALIDATION_FIRST, VALIDATION_STEP = 1, 5


def ordered(cases: Sequence[Case], *, seed: int, label_order: Optional[Sequence[str]] = None) -> List[Case]:
    """Cases in the order of `label_order` (those it lacks come last); without one in a seeded order of their subjects."""
    if label_order is not None:
        rank = {name: number for number, name in enumerate(label_order)}
        return sorted(cases, key=lambda case: (rank.get(case.id, len(rank)), case.id))
    subjects = sorted({case.subject for case in cases})
    order = np.random.default_rng((ORDER_DRAW, seed)).permutation(len(subjects))
    rank = {subjects[int(number)]: position for position, number in enumerate(order)}
    return sorted(cases, key=lambda case: (rank[case.subject], case.id))


def subject_order(cases: Sequence[Case]) -> List[str]:
    """Subjects in the order of their first case."""
    return list(dict.fromkeys(case.subject for case in cases))


def within_budget(cases: Sequence[Case], data: DataConfig) -> List[Case]:
    """The first `labelled_cases` of ordered cases, or the cases of the first `labelled_fraction` of subjects (at least one)."""
    if data.labelled_cases is not None:
        if data.labelled_cases > len(cases):
            labelled = counted(len(cases), "training case has", "training cases have")
            raise SSLSegmentationError(
                "config.infeasible",
                f"data.labelled_cases is {data.labelled_cases}, but {labelled} labels.",
                hint=f"Set it to {len(cases)} or fewer.",
            )
        return list(cases[: data.labelled_cases])
    if data.labelled_fraction is not None:
        subjects = subject_order(cases)
        kept = set(subjects[: max(1, int(data.labelled_fraction * len(subjects) + 0.5))])
        return [case for case in cases if case.subject in kept]
    return list(cases)


def split_validation(cases: Sequence[Case]) -> Tuple[List[Case], List[Case]]:
    """(train, validation): a fifth of the subjects of ordered cases is held out; none where there is one subject."""
    held_out = set(subject_order(cases)[VALIDATION_FIRST::VALIDATION_STEP])
    return [case for case in cases if case.subject not in held_out], [case for case in cases if case.subject in held_out]


def by_id(cases: Sequence[Case]) -> Dict[str, Case]:
    return {case.id: case for case in cases}
