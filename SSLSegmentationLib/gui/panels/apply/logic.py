"""Scans of the scene to segmentations: saves them for the backend, predicts, and brings the result into the scene."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.errors import EXIT_DATA, SSLSegmentationError
from SSLSegmentationLib.contract.files import stem
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import label_file, segmentations, volumes
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging import familiarity


@dataclass(frozen=True)
class Segmented:
    """What became of one scan: the segmentation node, or the file in a folder, or the error that kept it from being made."""

    name: str
    segmentation: Any = None
    file: Optional[Path] = None
    warnings: Tuple[str, ...] = ()
    error: Any = None


# Is told of each scan as soon as it is done, so that what was made is known also where the work ends early.
Keep = Callable[[Segmented], None]


def doubts(cases: Sequence[Sequence[Any]], model: Model) -> Steps[List[str]]:
    """Why scans do not look like those that the model was trained on, a sentence each; empty where they do.

    A case is a sequence of volume nodes, one per channel. One that can't be used is left to `segment`, which says why.
    """
    found: List[str] = []
    for number, channels in enumerate(cases):
        yield Progress(_("Looking at the scans"), number / len(cases))
        try:
            check_channels(channels, model)
            facts = familiarity.scan_facts([volumes.scan_of(node) for node in channels])
        except SSLSegmentationError:
            continue
        differences = familiarity.differences(facts, model.card.intensity, modality=model.card.modality)
        found += [f"{volumes.name_of(channels[0])}: {difference}" for difference in differences]
    return found


def check_channels(channels: Sequence[Any], model: Model) -> None:
    """Raises `model.incompatible` where the model needs another number of channels."""
    wanted = model.card.channels
    if len(channels) != len(wanted):
        raise SSLSegmentationError(
            "model.incompatible",
            _("The model needs {count} channels ({names}), but {given} volumes are chosen.").format(
                count=len(wanted), names=", ".join(wanted), given=len(channels)
            ),
            hint=_("Choose one volume per channel, in this order."),
        )


def segment(
    session: Session, cases: Sequence[Sequence[Any]], model: Model, *, keep: Optional[Keep] = None
) -> Steps[List[Segmented]]:
    """A segmentation node for each case.

    Of several cases, one that can't be used does not stop the others; a single one raises its error. What a person
    has edited is never touched: a new segmentation gets a name of its own.
    """
    done: List[Segmented] = []
    for number, channels in enumerate(cases):
        name = volumes.name_of(channels[0])
        steps = _segment_one(session, channels, model)
        try:
            while True:
                try:
                    progress = next(steps)
                except StopIteration as end:
                    done.append(end.value)
                    break
                yield _of_several(progress, name=name, number=number, count=len(cases))
        except SSLSegmentationError as error:
            if len(cases) == 1 or error.exit_code != EXIT_DATA:
                raise
            done.append(Segmented(name, error=error))
        finally:
            steps.close()
        if keep is not None:
            keep(done[-1])
    return done


def _of_several(progress: Progress, *, name: str, number: int, count: int) -> Progress:
    if count == 1:
        return progress
    share = (number + (progress.share or 0.0)) / count
    text = _("{name} ({number} of {count}): {text}").format(name=name, number=number + 1, count=count, text=progress.text)
    return Progress(text, share, None, progress.waits)


def _segment_one(session: Session, channels: Sequence[Any], model: Model) -> Steps[Segmented]:
    check_channels(channels, model)
    session.engine.warm()
    folder = session.new_folder("segment")
    try:
        files = yield from _export(channels, folder)
        words = ["predict", str(model.path), *files, "--output", str(folder / "result"), "--format", "seg.nrrd", "--json"]
        request = yield from request_steps(session.engine, words, _("Segmenting"))
        (row,) = request.json()
        array = yield from label_file.read_labels(Path(row["labels"]), volumes.geometry_of(channels[0]))
        node = yield from segmentations.create_segmentation(
            channels[0],
            name=_("{volume} segmentation").format(volume=volumes.name_of(channels[0])),
            label_map=array,
            tissues=model.card.tissues,
            tags=model_tags(model),
        )
        return Segmented(volumes.name_of(channels[0]), node, warnings=tuple(row.get("warnings", ())))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _export(channels: Sequence[Any], folder: Path) -> Steps[List[str]]:
    """The volumes as files that `predict` takes as one case. Their names hold nothing of the scan."""
    files = []
    for number, node in enumerate(channels):
        suffix = f"_{number:04d}" if len(channels) > 1 else ""
        # Transforms above the first channel move all of it; those above another one move it against the first.
        onto = channels[0] if number else None
        path = yield from volumes.export_volume(node, folder / f"scan{suffix}.nrrd", onto=onto)
        files.append(str(path))
    return files


def model_tags(model: Model) -> Dict[str, str]:
    """What a segment remembers of where it comes from."""
    weights = next(iter(model.card.weights.values()), "")[:16]
    return {"Model": model.path.name, "ModelWeights": weights, "Modality": model.card.modality}


def told(done: Sequence[Segmented]) -> List[str]:
    """What a person should know of each scan, a line each: warnings, errors, and files that got another name."""
    lines = [f"{one.name}: {warning}" for one in done for warning in one.warnings]
    for one in done:
        if one.file is not None and stem(one.file) != one.name:
            text = _("{name}: saved as '{file}', since there was a file of that name.")
            lines.append(text.format(name=one.name, file=one.file.name))
    return lines + [f"{one.name}: {one.error.message} {one.error.hint}" for one in done if one.error is not None]
