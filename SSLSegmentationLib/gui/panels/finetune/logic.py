"""From the panel's state to a run: the config, its checks, the start, and going on from a corrected scan."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.data_choice import missing
from SSLSegmentationLib.gui.models import Model, open_model
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.budgets import EPOCHS, MINUTES
from SSLSegmentationLib.gui.panels.finetune.fitting import Misfit, like_model, misfit
from SSLSegmentationLib.gui.panels.finetune.state import FinetuneState
from SSLSegmentationLib.gui.panels.scans import logic as choosing
from SSLSegmentationLib.gui.panels.scans.state import ScansState, SceneScan
from SSLSegmentationLib.gui.scene.label_layers import segment_tissues
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import LAST_MODEL
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.training import Run
from SSLSegmentationLib.gui.training_data import continued_section, data_section

COMMAND = "finetune"
# The folder in a run's own where the lists of its scans lie.
DATA_FOLDER = "data"
OnStarted = Callable[[Run], None]
# Makes the data section of a config in a folder.
MakeData = Callable[[Path], Steps[Dict[str, Any]]]


def preset_learning_rate(preset: str) -> float:
    """The first learning rate of a preset, per step."""
    return parse({"preset": preset}).train.learning_rate if preset in PRESETS else Config().train.learning_rate


def make_config(state: FinetuneState, data: Mapping[str, Any], *, model: Optional[Model]) -> Dict[str, Any]:
    """The config of the run that a state means, with the data section `data`. Nothing is checked."""
    data = dict(data)
    if state.scans > 0:
        data["labelled_cases"] = state.scans
    config: Dict[str, Any] = {
        "preset": state.preset,
        "data": data,
        "network": {"dims": state.dims},
        "transfer": {"weights": state.weights if model is not None else "none", "mode": state.mode},
        "train": {"learning_rate": state.learning_rate or preset_learning_rate(state.preset)},
    }
    if model is not None and state.like_model:
        config.update(like_model(model))
    if state.budget in (MINUTES, EPOCHS):
        # Only one budget counts: those of the preset are taken out.
        config["train"].update(max_steps=None, max_epochs=None, max_minutes=None)
        config["train"].update({"max_minutes": state.minutes} if state.budget == MINUTES else {"max_epochs": state.epochs})
    return config


def check(state: FinetuneState, data: Mapping[str, Any], *, model: Optional[Model]) -> Misfit:
    """Raises `config.*` where the settings cannot hold; gives why they do not fit the model to start from."""
    config = parse(make_config(state, data, model=model), base=Path.cwd())
    return misfit(config, model) if model is not None else Misfit()


def why_not(scans: ScansState) -> str:
    """What is still to be chosen under Scans; empty where nothing is."""
    return missing(scans, command=COMMAND)


def start(session: Session, state: FinetuneState, model: Optional[Model], *, make_data: Optional[MakeData] = None) -> Steps[Run]:
    """Saves the scans of the scene, checks everything, and starts the run; gives it as soon as it was started.

    `make_data`: instead of what the panel Scans holds. Raises `environment.no_torch`, `config.*`, `model.incompatible`,
    what saving the scans raises, and `disk.*`; nothing is left behind then.
    """
    session.engine_python()
    folder = training.new_folder(session, state.name.strip() or training.default_name(COMMAND))
    run: Optional[Run] = None
    try:
        place = folder / DATA_FOLDER
        data = yield from make_data(place) if make_data is not None else data_section(session, place, command=COMMAND)
        differs = check(state, data, model=model)
        if differs:
            raise SSLSegmentationError(
                "model.incompatible",
                " ".join(differs.sentences),
                hint=_("Press 'Use the model's network', or choose another model.") if differs.solvable else "",
            )
        config = make_config(state, data, model=model)
        run = training.start(session, COMMAND, config, folder=folder, pretrained=None if model is None else model.path)
        return run
    finally:
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)


def train(session: Session, state: FinetuneState, model: Optional[Model], *, on_started: OnStarted) -> Steps[Path]:
    """`start`, then follows the run to its end; gives its folder, whose model is from then on the one to apply."""
    run = yield from start(session, state, model)
    on_started(run)
    return (yield from follow(session, run))


def follow(session: Session, run: Run) -> Steps[Path]:
    """Follows a run to its end, and offers its model."""
    path = yield from training.follow(run)
    session.settings.set(LAST_MODEL, str(path))
    return path


def usable_model(path: str) -> Optional[Model]:
    """The model at a path; None where there is none, or one that can't be used."""
    try:
        return open_model(Path(path)) if path else None
    except (SSLSegmentationError, OSError):
        return None


def find_last_model(session: Session) -> Optional[Model]:
    """The model to go on from: the one that was trained or applied last, else the newest one; None where there is none."""
    model = usable_model(str(session.settings.get(LAST_MODEL) or ""))
    if model is not None and model.segments:
        return model
    return next(iter(session.models.find(segments=True)), None)


def last_model(session: Session) -> Model:
    """As `find_last_model`. Raises `model.invalid` where there is none."""
    model = find_last_model(session)
    if model is None:
        raise SSLSegmentationError(
            "model.invalid", _("There is no model to go on from yet."), hint=_("Press 'Start' above to train the first one.")
        )
    return model


def continue_with(
    session: Session, state: FinetuneState, volume: Any, segmentation: Any, *, on_started: OnStarted
) -> Steps[Path]:
    """Adds a corrected scan to the labelled ones and goes on from the last model for `state.continue_minutes`.

    It trains on the corrected scan, and validates on the scans that the model was validated on. Gives the folder of the
    run. The scan is added once its run has started. Raises as `start` and `last_model`.
    """
    model = last_model(session)
    corrected, tissues = SceneScan(volume.GetID(), segmentation.GetID()), segment_tissues(segmentation)
    scans = choosing.load_state(session)
    scans.add(corrected)
    further = replace(
        state,
        weights="encoder_decoder",
        mode="immediate",
        like_model=True,
        dims=int(model.card.network["dims"]),
        scans=0,
        budget=MINUTES,
        minutes=state.continue_minutes,
        name=training.default_name(_("continued")),
    )

    def make_data(folder: Path) -> Steps[Dict[str, Any]]:
        return continued_section(session, folder, scans=scans, model=model.path)

    run = yield from start(session, further, model, make_data=make_data)
    # Loaded anew: what was chosen under Scans meanwhile stays chosen.
    choosing.change_state(session, choosing.add_scan(session, replace(corrected, saved=scans.saved[-1]), tissues))
    on_started(run)
    return (yield from follow(session, run))
