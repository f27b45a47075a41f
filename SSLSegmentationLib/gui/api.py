"""The module's verbs for the Python console and for scripts, on nodes of the scene.

Each verb blocks until it is done and gives its result. With `on_progress`, `on_done` or `on_error` it returns an `Operation`
at once: the module's timer carries it on, or a script calls `operation.step()` until that gives False.
A node may be given by its name. Errors are `SSLSegmentationError`: a sentence, a hint, and a code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.console_choices import (
    AModel,
    APath,
    chosen_model,
    labelled_source,
    require_familiar,
    unlabelled_source,
)
from SSLSegmentationLib.gui.console_results import Corruption, Measurement, Segmentations, model_line, run_line
from SSLSegmentationLib.gui.console_training import (
    finetune_state,
    finetune_steps,
    pretrain_state,
    pretrain_steps,
    with_settings,
)
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.listing import Listing
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.operation import Operation, Progress, Result, Steps
from SSLSegmentationLib.gui.panels.apply import logic as applying
from SSLSegmentationLib.gui.panels.biomarkers import logic as measuring
from SSLSegmentationLib.gui.panels.biomarkers.agreement import agreement_columns
from SSLSegmentationLib.gui.pretext_preview import preview_slice
from SSLSegmentationLib.gui.run_list import RunRow
from SSLSegmentationLib.gui.scene import tables
from SSLSegmentationLib.gui.scene.lookup import (
    SEGMENTATION,
    TABLE,
    VOLUME,
    find_node,
    find_nodes,
    optional_node,
    scan_behind,
)
from SSLSegmentationLib.gui.scene.nodes import name_of
from SSLSegmentationLib.gui.scene.volumes import modality_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON
from SSLSegmentationLib.gui.texts import _

VERBS = ("pretrain", "finetune", "segment", "measure", "preview", "models", "runs")

OnProgress = Optional[Callable[[Progress], None]]
OnError = Optional[Callable[[SSLSegmentationError], None]]
Settings = Optional[Mapping[str, Any]]


def pretrain(
    volumes: Any = None,
    *,
    folder: Optional[APath] = None,
    modality: Optional[str] = None,
    task: str = "context_restoration",
    preset: str = "default",
    settings: Settings = None,
    name: str = "",
    on_progress: OnProgress = None,
    on_done: Optional[Callable[[Model], None]] = None,
    on_error: OnError = None,
) -> "Union[Model, Operation[Model]]":
    """Learns from scans without labels; gives the pretrained model.

    `volumes`: nodes or names; or `folder`: a folder of scans; neither: what the panel Scans holds. `settings`: config keys,
    such as {"train.max_minutes": 30, "pretext.patch_size": 16}. `name`: of the run. The run is a process of its own: it goes
    on where the script ends or is interrupted, and `runs` lists it.
    """
    session = default_session()
    source = unlabelled_source(session, volumes, folder=folder, modality=modality)
    steps = pretrain_steps(session, source, pretrain_state(preset, task=task, name=name), settings or {})
    return _carry_out(session, steps, on_progress, on_done, on_error)


def finetune(
    pairs: Optional[Sequence[Any]] = None,
    *,
    images: Optional[APath] = None,
    labels: Optional[APath] = None,
    dataset: Optional[APath] = None,
    modality: Optional[str] = None,
    pretrained: AModel = None,
    preset: str = "default",
    settings: Settings = None,
    name: str = "",
    on_progress: OnProgress = None,
    on_done: Optional[Callable[[Model], None]] = None,
    on_error: OnError = None,
) -> "Union[Model, Operation[Model]]":
    """Learns the tissues from labelled scans; gives the model that segments them.

    `pairs`: a list of (volume, segmentation), or of segmentations that know their scan; or the folders `images` and `labels`;
    or `dataset`, a dataset.json; none of them: what the panel Scans holds. `pretrained`: the model to start from, whose
    network is used then; None: from scratch. `settings`, `name` and the run are as in `pretrain`.
    """
    session = default_session()
    start = None if pretrained is None else chosen_model(session, pretrained)
    source = labelled_source(session, pairs, images=images, labels=labels, dataset=dataset, modality=modality)
    steps = finetune_steps(session, source, finetune_state(preset, name=name), settings or {}, pretrained=start)
    return _carry_out(session, steps, on_progress, on_done, on_error)


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
    chosen = chosen_model(session, model)
    scans = volume if isinstance(volume, list) else [volume]
    cases = [find_nodes(scan if isinstance(scan, tuple) else [scan], VOLUME) for scan in scans]

    def steps() -> Steps[Segmentations]:
        if not even_if_unfamiliar:
            yield from require_familiar(cases, chosen)
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
    scan = scan_behind(node) if volume is None else find_node(volume, VOLUME)
    extra, other = optional_node(parameter_map, VOLUME), optional_node(reference, SEGMENTATION)
    place = optional_node(table, TABLE)

    def steps() -> Steps[Measurement]:
        found = yield from measuring.measure(session, scan, node, parameter_map=extra, reference=other)
        title = _("{name} biomarkers").format(name=node.GetName())
        units = measuring.units(scan, node, parameter_map=extra)
        filled = tables.fill_table(place, found.rows, found.columns, name=title, segmentation=node, units=units)
        if not found.agreement:
            return Measurement(found, filled)
        title = _("{name} agreement").format(name=node.GetName())
        facts: Mapping[str, Any] = {"name": title, "segmentation": node, "reference": other, "units": units}
        compared = tables.fill_table(None, found.agreement, agreement_columns(), **facts)
        return Measurement(found, filled, compared)

    return _carry_out(session, steps(), on_progress, on_done, on_error)


def preview(
    volume: Any,
    *,
    task: str = "context_restoration",
    index: Optional[int] = None,
    modality: Optional[str] = None,
    settings: Settings = None,
    on_progress: OnProgress = None,
    on_done: Optional[Callable[[Corruption], None]] = None,
    on_error: OnError = None,
) -> "Union[Corruption, Operation[Corruption]]":
    """What a pretext task does to a slice of a volume; `show()` of the result puts it into the scene. Needs no backend.

    `index` counts the slices from 0; None: the middle one. `settings` as in `pretrain`.
    """
    session = default_session()
    node = find_node(volume, VOLUME)
    kind = modality or modality_of(node) or "mri"
    config = parse(with_settings({"data": {"modality": kind}, "pretext": {"task": task}}, settings or {}))

    def steps() -> Steps[Corruption]:
        return Corruption(name_of(node), (yield from preview_slice(node, config, index=index)))

    return _carry_out(session, steps(), on_progress, on_done, on_error)


def models() -> "Listing[Model]":
    """The models of this computer's finished runs: those that segment, then the pretrained ones; the newest first."""
    found = default_session().models
    entries = [*found.find(segments=True), *found.find(segments=False)]
    return Listing(entries, describe=model_line, empty=_("no models yet"))


def runs() -> "Listing[RunRow]":
    """The trainings of this computer, whoever started them; the newest first."""
    return Listing(Operation(default_session().runs.refresh()).wait(), describe=run_line, empty=_("no runs yet"))


def stop(run: Union[RunRow, str, Path]) -> str:
    """Ends a run, given by its row or name, with all its processes; gives its last state."""
    session = default_session()
    path = run.path if isinstance(run, RunRow) else session.settings.runs_folder / run
    return Operation(training.stop(training.find_run(session, path))).wait()


def use_backend(python: APath) -> None:
    """Chooses the backend's Python, where the panel 'Backend' has not set one up. Raises `environment.missing_package`."""
    path = Path(python).expanduser().absolute()
    if not path.is_file():
        raise SSLSegmentationError("environment.missing_package", _("There is no Python at {path}.").format(path=path))
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
