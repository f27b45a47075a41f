"""From the panel's state to a run: the config, its checks, the start, and finding a run that is still going."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.data_choice import missing
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.budgets import EPOCHS, MINUTES, PRESET
from SSLSegmentationLib.gui.panels.pretrain.state import AUTO, PretrainState
from SSLSegmentationLib.gui.panels.scans.logic import load_state as scans_state
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.pretext_tasks import Tasks, check_task
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.training import RUNNING, Run
from SSLSegmentationLib.gui.training_data import data_section

COMMAND = "pretrain"
# The folder in a run's own where the lists of its scans lie.
DATA_FOLDER = "data"
OnStarted = Callable[[Run], None]


def preset_config(preset: str) -> Config:
    """All values of a preset; those of the default one where there is no such preset."""
    return parse({"preset": preset if preset in PRESETS else "default"})


def take_preset(state: PretrainState, preset: str) -> None:
    """Sets what the panel shows to the preset's values; own settings of tasks, the name and the preview stay."""
    config = preset_config(preset)
    pretext, train = config.pretext, config.train
    state.preset, state.task = preset, pretext.task
    state.patch_size = pretext.patch_size if isinstance(pretext.patch_size, int) else AUTO
    state.sampling, state.corrupted_area = pretext.sampling, pretext.corrupted_area
    state.dims, state.base_width = config.network.dims, config.network.base_width
    limited = any(limit is not None for limit in (train.max_steps, train.max_epochs, train.max_minutes))
    state.budget = PRESET if limited else MINUTES


def make_config(state: PretrainState, data: Mapping[str, Any], *, task: Optional[TaskDescription] = None) -> Dict[str, Any]:
    """The config of the run that a state means, with the data section `data`. Nothing is checked.

    Settings that `task` does not use, and own ones that it does not have, are left out.
    """
    pretext: Dict[str, Any] = {
        "patch_size": "auto" if state.patch_size == AUTO else state.patch_size,
        "sampling": state.sampling,
        "corrupted_area": state.corrupted_area,
    }
    if task is not None:
        own = state.own.get(task.name, {})
        pretext = {name: value for name, value in pretext.items() if name not in task.unused}
        pretext.update({name: own[name] for name, _default, _info in task.settings if name in own})
    config: Dict[str, Any] = {
        "preset": state.preset,
        "data": dict(data),
        "network": {"dims": state.dims, "base_width": state.base_width},
        "pretext": {"task": state.task, **pretext},
    }
    if state.budget in (MINUTES, EPOCHS):
        # Only one budget counts: those of the preset are taken out.
        limit = {"max_minutes": state.minutes} if state.budget == MINUTES else {"max_epochs": state.epochs}
        config["train"] = {"max_steps": None, "max_epochs": None, "max_minutes": None, **limit}
    return config


def check(state: PretrainState, data: Mapping[str, Any], *, tasks: Tasks) -> Config:
    """The checked config. Raises `config.*` where the settings cannot hold."""
    task = check_task(tasks, state.task, dims=state.dims)
    return parse(make_config(state, data, task=task), base=Path.cwd(), tasks=tasks)


def why_not(scans: ScansState) -> str:
    """What is still to be chosen under Scans; empty where nothing is."""
    return missing(scans, command=COMMAND)


def start(session: Session, state: PretrainState, tasks: Tasks, *, scans: Optional[ScansState] = None) -> Steps[Run]:
    """Checks everything and starts the run; gives it as soon as it was started.

    `scans`: instead of what the panel Scans holds. Raises `environment.no_torch`, `config.*`, what saving scans of the scene
    raises, and `disk.*`; nothing is left behind then.
    """
    session.engine_python()
    check(state, {"modality": (scans or scans_state(session)).modality}, tasks=tasks)
    folder = training.new_folder(session, state.name.strip() or training.default_name(COMMAND))
    run: Optional[Run] = None
    try:
        data = yield from data_section(session, folder / DATA_FOLDER, command=COMMAND, scans=scans)
        check(state, data, tasks=tasks)
        config = make_config(state, data, task=tasks[state.task])
        run = training.start(session, COMMAND, config, folder=folder)
        return run
    finally:
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)


def train(session: Session, state: PretrainState, tasks: Tasks, *, on_started: OnStarted) -> Steps[Path]:
    """`start`, then follows the run to its end; gives its folder, which holds the pretrained model."""
    run = yield from start(session, state, tasks)
    on_started(run)
    return (yield from training.follow(run))


def find_running(session: Session, path: str) -> Steps[Optional[Run]]:
    """A pretraining that is still going, also after Slicer was closed: the one in `path` before others; None without one."""
    if path:
        try:
            run = training.find_run(session, Path(path))
        except SSLSegmentationError:
            # Its folder is gone.
            run = None
        if run is not None and run.state == RUNNING:
            return run
    rows = yield from session.runs.refresh()
    going = (row for row in rows if row.state == RUNNING and row.command == COMMAND)
    row = next(going, None)
    return None if row is None else training.find_run(session, row.path)
