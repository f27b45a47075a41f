"""What the voxels of the scans that were found hold: looked at by the worker, a few at a time, beside the window."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from dataclasses import replace
from typing import Any, Callable, Deque, Dict, List, Sequence, Set

from SSLSegmentationLib.contract.errors import EXIT_DATA, EXIT_MEMORY, SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels.scans.rows import FoundLabel, FoundRow
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps

# What the worker is given at a time: enough for it not to wait, and little, since others wait for it as well.
AT_ONCE = 4
BYTES_AT_ONCE = 4_000_000
_WORKER_LOST = ("job.backend_died", "job.backend_hangs")
# Told of the row at a position, first when its header is read and again when its voxels are.
OnRow = Callable[[int, FoundRow], None]


def read_details(session: Session, rows: List[FoundRow], *, thorough: bool, tell: OnRow) -> Steps[None]:
    """Has the worker read the voxels of label maps with their scans, and of all scans where `thorough`."""
    words = {position: _inspect_words(row, thorough=thorough) for position, row in enumerate(rows)}
    looking = _Looking(session, rows, {position: line for position, line in words.items() if line})
    total, began = len(looking.waiting), time.monotonic()
    try:
        while not looking.ended:
            known = looking.step()
            for position in known:
                tell(position, rows[position])
            done = total - looking.left
            left = (time.monotonic() - began) * looking.left / done if done else None
            text = _("Reading voxels: {done} of {all}").format(done=done, all=total)
            yield Progress(text, done / total, left, waits=not known)
    finally:
        looking.close()


class _Looking:
    """The requests that are under way, and the rows that wait for theirs; `words` are the command lines by position."""

    def __init__(self, session: Session, rows: List[FoundRow], words: Dict[int, List[str]]) -> None:
        self._session = session
        self._rows = rows
        self._words = words
        self._active: Dict[int, Steps[Any]] = {}
        self._sizes: Dict[int, int] = {}
        # Those that were under way when the worker was lost: over which one, shows when each is looked at alone.
        self._suspected: Set[int] = set()
        self.waiting: Deque[int] = deque(words)

    @property
    def left(self) -> int:
        return len(self.waiting) + len(self._active)

    @property
    def ended(self) -> bool:
        return not self.left

    def step(self) -> List[int]:
        """Moves everything on; the positions of the rows that are known better now."""
        while self.waiting and self._may_begin(self.waiting[0]):
            position = self.waiting.popleft()
            self._sizes[position] = _bytes_of(self._rows[position])
            self._active[position] = request_steps(self._session.local, self._words[position], "")
        known = [position for position in list(self._active) if self._ends(position)]
        for position in known:
            del self._active[position]
        return [position for position in known if position not in self.waiting]

    def close(self) -> None:
        for steps in self._active.values():
            steps.close()

    def _may_begin(self, position: int) -> bool:
        if position in self._suspected:
            return not self._active
        return len(self._active) < AT_ONCE and sum(self._sizes[active] for active in self._active) < BYTES_AT_ONCE

    def _ends(self, position: int) -> bool:
        """Moves a request on; whether it has ended: then the row says what came out, or waits once more."""
        row = self._rows[position]
        try:
            next(self._active[position])
            return False
        except StopIteration as end:
            self._rows[position] = _with_facts(row, end.value.json())
        except SSLSegmentationError as error:
            # A worker that never was up is no scan's fault.
            lost = error.code in _WORKER_LOST and self._session.local.hello() is not None
            if not lost and error.exit_code not in (EXIT_DATA, EXIT_MEMORY):
                raise
            if lost and position not in self._suspected:
                self._suspected.add(position)
                self.waiting.append(position)
            else:
                self._rows[position] = replace(row, problems=(*row.problems, error.message))
        return True


def _bytes_of(row: FoundRow) -> int:
    sizes = 0
    for path in (*row.images, *([row.label] if row.label is not None else [])):
        # A file that is gone by now is the worker's to tell.
        with contextlib.suppress(OSError):
            sizes += path.stat().st_size
    return sizes


def _inspect_words(row: FoundRow, *, thorough: bool) -> List[str]:
    if row.problems or row.node:
        return []
    if row.label is not None:
        # A file of several channels is not read as one scan: its label map is looked at alone.
        image = row.images[0] if row.volumes == 1 else row.label
        return ["inspect", str(image), "--labels", str(row.label), "--json"]
    return ["inspect", *map(str, row.images), "--json"] if thorough and row.volumes == 1 else []


def _with_facts(row: FoundRow, answers: Sequence[Dict[str, Any]]) -> FoundRow:
    """The row with what `sslseg inspect` found in each of its images."""
    facts = answers[0]
    notes = [*row.notes, *(warning for answer in answers for warning in answer["warnings"])]
    problems = list(row.problems)
    spoilt = sum(answer["n_not_finite"] for answer in answers)
    if spoilt:
        problems.append(_("{count} of its voxels are NaN or infinite.").format(count=spoilt))
    labels = row.labels
    if row.label is not None:
        named = {tissue.name for tissue in row.tissues}
        labels = tuple(
            FoundLabel(label["value"], label["name"], named=label["name"] in named, voxels=label["voxels"])
            for label in facts["labels"]
        )
        if not labels:
            notes.append(_("Its label map holds nothing but background."))
    minimum = facts["min"] if row.volumes == 1 else None
    return replace(row, labels=labels, minimum=minimum, problems=tuple(problems), notes=tuple(dict.fromkeys(notes)))
