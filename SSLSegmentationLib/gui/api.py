"""The module's verbs for the Python console and for scripts, on nodes of the scene.

Each verb blocks until it is done and gives its result. With `on_progress`, `on_done` or `on_error` it returns an `Operation`
at once: the module's timer carries it on, or a script calls `operation.step()` until that gives False.
Errors are `SSLSegmentationError`: a sentence, a hint, and a code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.console_results import Measurement, Segmentations
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.listing import Listing
from SSLSegmentationLib.gui.models import Model, mean_dice, open_model
from SSLSegmentationLib.gui.operation import Operation, Progress, Result, Steps
from SSLSegmentationLib.gui.panels.apply import logic as applying
from SSLSegmentationLib.gui.panels.biomarkers import logic as measuring
from SSLSegmentationLib.gui.scene import tables
from SSLSegmentationLib.gui.scene.lookup import SEGMENTATION, TABLE, VOLUME, find_node, find_nodes, optional_node, volume_of
from SSLSegmentationLib.gui.scene.nodes import name_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON
from SSLSegmentationLib.gui.texts import _

VERBS = ("segment", "measure", "models")

OnProgress = Optional[Callable[[Progress], None]]
OnError = Optional[Callable[[SSLSegmentationError], None]]
AModel = Union[Model, str, Path, None]


def segment(
    volume: Any,
    model: AModel = None,
    *,
    even_if_unfamiliar: bool = False,
    on_progress: OnProgress = None,
    on_done: Optional[Callable[[Segmentations], None]] = None,
    on_error: OnError = None,
) -> "Union[Segmentations, Operation[Segmentations]]":
    """New segmentations of volumes, beside them in the scene; earlier ones stay as they are.

    `volume`: a volume or its name, or a list of them; of a model with several channels a tuple of volumes per scan.
    `model`: a model, its path, the name of its run; None: the newest. Raises `model.incompatible` where a scan does not
    look like what the model was trained on, unless `even_if_unfamiliar`; and as `sslseg predict` does.
    """
    session = default_session()
    chosen = _model(session, model)
    scans = volume if isinstance(volume, list) else [volume]
    cases = [find_nodes(scan if isinstance(scan, tuple) else [scan], VOLUME) for scan in scans]
    if not even_if_unfamiliar:
        _require_familiar(cases, chosen)

    def steps() -> Steps[Segmentations]:
        return Segmentations((yield from applying.segment(session, cases, chosen)))

    return _carry_out(session, steps(), on_progress, on_done, on_error)


def measure(
    segmentation: Any,
    volume: Any = None,
    *,
    parameter_map: Any = None,
    reference: Any = None,
    table: Any = None,
    on_progress: OnProgress = None,
    on_done: Optional[Callable[[Measurement], None]] = None,
    on_error: OnError = None,
) -> "Union[Measurement, Operation[Measurement]]":
    """Biomarkers of every segment, in a table node. Needs no backend.

    `volume`: the scan; None: the one that the segmentation was made on. `parameter_map`: another volume on the same grid, such
    as a T2 map. `reference`: a segmentation to compare with. `table`: a table node to fill anew; None: a new one.
    """
    session = default_session()
    node = find_node(segmentation, SEGMENTATION)
    scan = volume_of(node) if volume is None else find_node(volume, VOLUME)
    extra, other = optional_node(parameter_map, VOLUME), optional_node(reference, SEGMENTATION)
    place = optional_node(table, TABLE)

    def steps() -> Steps[Measurement]:
        found = yield from measuring.measure(session, scan, node, parameter_map=extra, reference=other)
        title = _("{name} biomarkers").format(name=node.GetName())
        filled = tables.fill_table(place, found.rows, found.columns, name=title)
        if not found.agreement:
            return Measurement(found, filled)
        title = _("{name} agreement").format(name=node.GetName())
        return Measurement(found, filled, tables.fill_table(None, found.agreement, measuring.agreement_columns(), name=title))

    return _carry_out(session, steps(), on_progress, on_done, on_error)


def models() -> "Listing[Model]":
    """The models of this computer's finished runs: those that segment, then the pretrained ones; the newest first."""
    found = default_session().models
    entries = [*found.find(segments=True), *found.find(segments=False)]
    return Listing(entries, describe=_model_line, empty=_("no models yet"))


def use_backend(python: Union[str, Path]) -> None:
    """Chooses the backend's Python, where the panel 'Backend' has not set one up. Raises `environment.missing_package`."""
    path = Path(python).expanduser().absolute()
    if not path.is_file():
        raise SSLSegmentationError("environment.missing_package", f"There is no Python at {path}.")
    default_session().settings.set(BACKEND_PYTHON, str(path))


def close() -> None:
    """Ends the workers of the scripts' session; it is done at exit anyway. Detached runs go on."""
    close_default_session()


def _carry_out(
    session: Session,
    steps: "Steps[Result]",
    on_progress: OnProgress,
    on_done: Optional[Callable[[Result], None]],
    on_error: OnError,
) -> "Union[Result, Operation[Result]]":
    if on_progress is not None or on_done is not None or on_error is not None:
        return session.run(steps, on_progress=on_progress, on_done=on_done, on_error=on_error)
    operation = Operation(steps)
    try:
        return operation.wait()
    finally:
        # Ctrl-C: what is running ends with it.
        operation.cancel()


def _model(session: Session, model: AModel) -> Model:
    if isinstance(model, Model):
        return model
    if model is None:
        found = session.models.find(segments=True)
        if not found:
            raise SSLSegmentationError("model.invalid", _("There is no model yet."), hint=_("Run `finetune`, or give a path."))
        return found[0]
    path = Path(model)
    of_run = session.settings.runs_folder / path
    return open_model(of_run if not path.exists() and of_run.is_dir() else path)


def _require_familiar(cases: Sequence[Sequence[Any]], model: Model) -> None:
    doubts = [f"{name_of(case[0])}: {doubt}" for case in cases for doubt in applying.concerns(case, model)]
    if doubts:
        raise SSLSegmentationError(
            "model.incompatible",
            _("The scans do not look like those that the model was trained on: {doubts}").format(doubts="; ".join(doubts)),
            hint=_("Choose another model, or pass even_if_unfamiliar=True."),
        )


def _model_line(model: Model) -> Tuple[str, ...]:
    dice = mean_dice(model.card)
    tissues: List[str] = [tissue.name for tissue in model.card.tissues]
    kind = ", ".join(tissues) if model.segments else _("pretrained: {task}").format(task=model.card.task)
    return (model.path.name, "" if dice is None else f"Dice {dice:.2f}", model.card.modality.upper(), kind)
