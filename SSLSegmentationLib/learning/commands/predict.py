"""`sslseg predict`: scans → label maps on each scan's own grid. torch is imported only when there is something to compute."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SSLSegmentationLib.contract.errors import EXIT_DATA, EXIT_DONE, EXIT_MEMORY, SSLSegmentationError
from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.failures import describe_error, known_error
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.model_files import read_card
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.writers import write_label_map, write_probabilities
from SSLSegmentationLib.learning.commands.checking import checked_cases
from SSLSegmentationLib.learning.commands.following import EventPrinter
from SSLSegmentationLib.learning.prediction.inputs import InputCase, Inputs, check_headers, check_outputs, find_inputs
from SSLSegmentationLib.learning.prediction.pipeline import Outcome, overlapped
from SSLSegmentationLib.learning.prediction.plan import read_plan
from SSLSegmentationLib.learning.prediction.warm import WarmPredictors

if TYPE_CHECKING:
    from SSLSegmentationLib.learning.prediction.predictor import Opened, Prediction, Predictor

# Scans up to this size are read ahead; of larger ones memory holds one at a time.
SMALL_VOXELS = 1 << 24


@dataclass(frozen=True)
class Destination:
    """Where the results go and what is written."""

    folder: Path
    suffix: str
    with_probabilities: bool

    def label_map(self, case: InputCase) -> Path:
        return self.folder / f"{case.stem}.{self.suffix}"

    def probabilities(self, case: InputCase) -> Path:
        return self.folder / f"{case.stem}__probabilities.nii.gz"

    def files(self, case: InputCase) -> list[Path]:
        return [self.label_map(case)] + ([self.probabilities(case)] if self.with_probabilities else [])

    def make(self) -> None:
        """Makes the folder. Raises `usage.arguments` where a file has its name, `disk.*` where it can't be made."""
        if self.folder.exists() and not self.folder.is_dir():
            raise SSLSegmentationError("usage.arguments", f"--output {self.folder} is a file, but must be a folder.")
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0, or 3 where an input could not be used; the others are done all the same.

    The model, the names of the outputs and the headers of all inputs are checked before anything is computed. With --check
    the scans are read, and nothing is computed or written.
    """
    card = read_card(arguments.model)
    plan = read_plan(card, source=str(arguments.model))
    destination = Destination(Path(arguments.output), arguments.format, arguments.probabilities)
    inputs = find_inputs(arguments.inputs, channels=card.channels)
    check_outputs(inputs, [path for case in inputs.cases for path in destination.files(case)])
    inputs = check_headers(inputs)
    report = Report(inputs, destination, reporter=arguments.reporter)
    if arguments.check:
        for case, found in checked_cases(inputs.cases, card, plan, reporter=arguments.reporter):
            report.checked(case, found)
    elif inputs.cases:
        destination.make()
        _compute(arguments, inputs, destination, report)
    if arguments.json:
        sys.stdout.write(json.dumps(report.rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return EXIT_DATA if report.failed else EXIT_DONE


class Report:
    """Tells the person at the terminal and whoever follows how it goes, and keeps the facts for --json."""

    def __init__(self, inputs: Inputs, destination: Destination, *, reporter: Reporter) -> None:
        self.rows: list[dict[str, Any]] = []
        self.failed = False
        self.accounted = 0
        self._reporter = reporter
        self._printer = EventPrinter()
        self._destination = destination
        self._total = len(inputs.cases)
        self._voxels = sum(case.voxels for case in inputs.cases)
        self._finished = 0
        self._finished_voxels = 0
        self._voxels_before = 0
        self._started = 0.0
        for fault in inputs.faults:
            self.fail(fault.error, fault.paths)

    def start(self, done: Sequence[InputCase]) -> None:
        """Computing begins, after those that are `done`: from here the time left is estimated."""
        self._started = time.monotonic()
        self._finished = len(done)
        self._finished_voxels = self._voxels_before = sum(case.voxels for case in done)

    def fail(self, error: SSLSegmentationError, paths: tuple[Path, ...]) -> None:
        """An input that can't be used."""
        self.failed = True
        self._printer.say(f"error: {error}")
        self._reporter.fault(error)
        inputs = [str(path) for path in paths]
        self.rows.append({"inputs": inputs, "error": {"code": error.code, "message": error.message, "hint": error.hint}})

    def computed(self, case: InputCase, share: float) -> None:
        """`share` of the case is computed; the fraction of all voxels gives the time left."""
        done = self._finished_voxels + share * case.voxels
        elapsed = time.monotonic() - self._started
        computed = done - self._voxels_before
        left = elapsed * (self._voxels - done) / computed if computed else None
        fields = {"phase": f"{case.stem}: scan", "step": self._finished + 1, "total": self._total, "seconds_left": left}
        self._printer(Event(time="", event="progress", fields=fields))
        share_of_all = min(done / self._voxels, 1.0) if self._voxels else 1.0
        self._reporter.progress(f"scan {self._finished + 1} of {self._total}", share=share_of_all, seconds_left=left)

    def warn(self, text: str) -> None:
        """Something to know that does not stop the command."""
        self._printer.say(f"warning: {text}")
        self._reporter.warn(text)

    def finished(self, case: InputCase) -> None:
        self._finished += 1
        self._finished_voxels += case.voxels

    def wrote(self, case: InputCase, warnings: tuple[str, ...]) -> None:
        """The results of a case lie under their final names."""
        for warning in warnings:
            self.warn(f"{case.stem}: {warning}")
        row: dict[str, Any] = {"stem": case.stem, "inputs": [str(path) for path in case.paths]}
        row["labels"] = str(self._destination.label_map(case))
        if self._destination.with_probabilities:
            row["probabilities"] = str(self._destination.probabilities(case))
        self.rows.append({**row, "warnings": list(warnings)})

    def checked(self, case: InputCase, found: Sequence[str] | SSLSegmentationError) -> None:
        """A case was read and compared with the training scans, and not computed."""
        if isinstance(found, SSLSegmentationError):
            self.fail(found, case.paths)
            return
        for warning in found:
            self.warn(f"{case.stem}: {warning}")
        self.rows.append({"stem": case.stem, "inputs": [str(path) for path in case.paths], "warnings": list(found)})

    def end(self) -> None:
        done = sum("labels" in row for row in self.rows)
        self._printer.say(f"{done} of {len(self.rows)} scans segmented in {time.monotonic() - self._started:.1f} s.")


def _compute(arguments: argparse.Namespace, inputs: Inputs, destination: Destination, report: Report) -> None:
    """With the model that is kept from the command before, where it is the same."""
    kept: WarmPredictors = arguments.kept.setdefault("predictors", WarmPredictors())
    settings = {"device": arguments.device, "memory_bytes": arguments.memory}
    attempts = 2 if kept.holds(arguments.model, **settings) else 1
    while attempts:
        attempts -= 1
        try:
            _segment(kept.get(arguments.model, **settings), inputs.cases, destination, report, arguments.reporter)
            return
        except Exception as error:
            if describe_error(error).exit_code != EXIT_MEMORY:
                raise
            # What was left from before may be what filled the memory: once more without it.
            kept.drop()
            if not attempts:
                raise


def _segment(
    predictor: Predictor, cases: Sequence[InputCase], destination: Destination, report: Report, reporter: Reporter
) -> None:
    """Those of the cases that are not accounted for yet."""
    report.start(cases[: report.accounted])
    for warning in predictor.warnings:
        report.warn(warning)

    def read(case: InputCase) -> Opened:
        reporter.check_cancelled()
        return predictor.open([read_scan(path) for path in case.paths])

    def compute(case: InputCase, opened: Opened) -> Prediction:
        prediction = predictor.compute(
            opened,
            probabilities=destination.with_probabilities,
            on_progress=lambda share: report.computed(case, share),
            check_cancelled=reporter.check_cancelled,
        )
        report.finished(case)
        return prediction

    def write(case: InputCase, prediction: Prediction) -> tuple[str, ...]:
        _write(prediction, case, destination)
        return prediction.warnings

    remaining = cases[report.accounted :]
    outcomes = overlapped(remaining, read=read, compute=compute, write=write, is_small=lambda case: case.voxels <= SMALL_VOXELS)
    with contextlib.closing(outcomes):
        for outcome in outcomes:
            _account(outcome, report)
            report.accounted += 1
    report.end()


def _write(prediction: Prediction, case: InputCase, destination: Destination) -> None:
    write_label_map(destination.label_map(case), prediction.label_map)
    if prediction.probabilities is not None:
        write_probabilities(destination.probabilities(case), prediction.probabilities, prediction.label_map.geometry)


def _account(outcome: Outcome[InputCase, tuple[str, ...]], report: Report) -> None:
    """Bad data are told and the rest goes on; every other error ends the command."""
    if outcome.error is None:
        report.wrote(outcome.item, outcome.written or ())
        return
    error = known_error(outcome.error)
    if error is None or error.exit_code != EXIT_DATA:
        raise outcome.error
    report.fail(error, outcome.item.paths)
