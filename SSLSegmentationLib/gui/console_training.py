"""Trainings that a script asks for: its scans and settings become a run, as the panels' choices do."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.config import apply_override, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.models import Model, open_model
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.budgets import MINUTES, PRESET
from SSLSegmentationLib.gui.panels.finetune import logic as finetuning
from SSLSegmentationLib.gui.panels.finetune.fitting import misfit
from SSLSegmentationLib.gui.panels.finetune.state import FinetuneState
from SSLSegmentationLib.gui.panels.pretrain import logic as pretraining
from SSLSegmentationLib.gui.panels.pretrain.state import PretrainState
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.pretext_tasks import Tasks, check_task, known_tasks
from SSLSegmentationLib.gui.run import Run
from SSLSegmentationLib.gui.scene.volumes import export_volume, modality_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.training_data import data_section

Settings = Mapping[str, Any]
BUDGETS = ("max_steps", "max_epochs", "max_minutes")


@dataclass(frozen=True)
class Source:
    """The scans of a training. `volumes` are nodes without labels, saved with the run; `state` is as in the panel Scans."""

    state: ScansState
    volumes: Tuple[Any, ...] = ()


def pretrain_state(preset: str, *, task: str, name: str) -> PretrainState:
    """What the panel Pretrain would hold after the choice of a preset."""
    state = PretrainState(name=name)
    pretraining.take_preset(state, preset)
    state.task = task
    return state


def finetune_state(preset: str, *, name: str) -> FinetuneState:
    """What the panel Fine-tune would hold; a preset with a budget of its own keeps it."""
    train = pretraining.preset_config(preset).train
    limited = any(getattr(train, budget) is not None for budget in BUDGETS)
    return FinetuneState(preset=preset, name=name, like_model=True, budget=PRESET if limited else MINUTES)


def pretrain_steps(session: Session, source: Source, state: PretrainState, settings: Settings) -> Steps[Model]:
    """Starts a pretraining and follows it to its model. Raises as the panel's `start`, and what ended the run."""
    session.engine_python()
    tasks = yield from known_tasks(session)
    dims = int(settings.get("network.dims", state.dims))
    task = check_task(tasks, str(settings.get("pretext.task", state.task)), dims=dims)
    chosen = replace(state, task=task.name, dims=dims)

    def config(data: Mapping[str, Any]) -> Dict[str, Any]:
        return with_settings(pretraining.make_config(chosen, data, task=task), settings)

    run = yield from _start(session, pretraining.COMMAND, source, config, name=state.name, tasks=tasks)
    return open_model((yield from training.follow(run)))


def finetune_steps(
    session: Session, source: Source, state: FinetuneState, settings: Settings, *, pretrained: Optional[Model]
) -> Steps[Model]:
    """Starts a fine-tuning and follows it to its model. Raises as the panel's `start`, and what ended the run."""

    def config(data: Mapping[str, Any]) -> Dict[str, Any]:
        return with_settings(finetuning.make_config(state, data, model=pretrained), settings)

    run = yield from _start(session, finetuning.COMMAND, source, config, name=state.name, pretrained=pretrained)
    return open_model((yield from finetuning.follow(session, run)))


def with_settings(config: Mapping[str, Any], settings: Settings) -> Dict[str, Any]:
    """A copy of `config` with settings by their dotted keys, such as "train.max_steps". Raises `config.invalid_value`.

    A budget among them replaces the budget that was there.
    """
    changed = dict(config)
    if any(key == f"train.{name}" for key in settings for name in BUDGETS):
        changed["train"] = {**changed.get("train", {}), **dict.fromkeys(BUDGETS)}
    for key, value in settings.items():
        changed = apply_override(changed, f"{key}={json.dumps(value)}")
    return changed


def modality_from(nodes: List[Any], given: Optional[str]) -> str:
    """ "ct" or "mri": as it was said, else as the volumes say. Raises `usage.arguments` where neither does."""
    if given is not None:
        return given
    found = {modality_of(node) for node in nodes}
    if len(found) == 1 and found != {""}:
        return str(found.pop())
    raise SSLSegmentationError(
        "usage.arguments",
        _("It is not known whether the scans are CT or MRI."),
        hint=_("Pass modality='ct' or modality='mri'."),
    )


def _start(
    session: Session,
    command: str,
    source: Source,
    config: Callable[[Mapping[str, Any]], Dict[str, Any]],
    *,
    name: str,
    tasks: Optional[Tasks] = None,
    pretrained: Optional[Model] = None,
) -> Steps[Run]:
    session.engine_python()
    folder = training.new_folder(session, name.strip() or training.default_name(command))
    run: Optional[Run] = None
    try:
        scans = source.state
        for number, node in enumerate(source.volumes):
            place = folder / pretraining.DATA_FOLDER / "scans"
            place.mkdir(parents=True, exist_ok=True)
            yield from export_volume(node, place / f"scan-{number + 1:03d}.nrrd")
            scans = replace(scans, unlabelled=str(place))
        data = yield from data_section(session, folder / pretraining.DATA_FOLDER, command=command, scans=scans)
        resolved = parse(config(data), base=Path.cwd(), tasks=tasks)
        differs = misfit(resolved, pretrained) if pretrained is not None else None
        if differs:
            raise SSLSegmentationError(
                "model.incompatible", " ".join(differs.sentences), hint=_("Choose another model, or leave its settings alone.")
            )
        path = None if pretrained is None else pretrained.path
        run = training.start(session, command, config(data), folder=folder, pretrained=path)
        return run
    finally:
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)
