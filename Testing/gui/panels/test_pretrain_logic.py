"""From the panel's state to a config: what is set arrives, what a task does not use stays out."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.config import FieldInfo, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui.panels.budgets import EPOCHS, MINUTES, PRESET
from SSLSegmentationLib.gui.panels.pretrain import logic
from SSLSegmentationLib.gui.panels.pretrain.state import AUTO, PretrainState

PLAIN = TaskDescription(name="context_restoration", title="Context restoration", summary="S")
TURNS = TaskDescription(
    name="turns",
    title="Turns",
    summary="S",
    dims=(3,),
    settings=(("angles", 4, FieldInfo("int", "angles", low=2, high=8)),),
    unused={"patch_size": "It turns the whole image.", "sampling": "no patches", "corrupted_area": "no patches"},
)
TASKS = {task.name: task for task in (PLAIN, TURNS)}


def test_what_is_set_arrives_in_the_config():
    state = PretrainState(patch_size=16, sampling="random", corrupted_area=0.4, dims=3, base_width=8, minutes=2.5)
    config = parse(logic.make_config(state, {"modality": "ct", "unlabelled": "scans"}, task=PLAIN))
    assert (config.pretext.patch_size, config.pretext.sampling, config.pretext.corrupted_area) == (16, "random", 0.4)
    assert (config.network.dims, config.network.base_width) == (3, 8)
    assert (config.train.max_minutes, config.train.max_steps, config.train.max_epochs) == (2.5, None, None)
    assert (config.data.modality, config.data.unlabelled) == ("ct", "scans")


def test_a_size_of_none_is_automatic():
    assert parse(logic.make_config(PretrainState(patch_size=AUTO), {})).pretext.patch_size == "auto"


def test_only_one_budget_counts():
    state = PretrainState(preset="quick", budget=EPOCHS, epochs=7)
    train = parse(logic.make_config(state, {})).train
    assert (train.max_epochs, train.max_steps, train.max_minutes) == (7, None, None)
    state.budget = PRESET
    assert parse(logic.make_config(state, {})).train.max_steps == PRESETS["quick"]["train"]["max_steps"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_what_the_panel_shows_and_gives_its_own_config_back(preset):
    state = PretrainState(patch_size=4, sampling="random", corrupted_area=0.9, dims=3, base_width=1, name="kept")
    logic.take_preset(state, preset)
    wanted = parse({"preset": preset})
    made = parse(logic.make_config(state, {"modality": wanted.data.modality}, task=PLAIN))
    assert (made.pretext, made.network) == (wanted.pretext, wanted.network)
    assert state.budget == (MINUTES if preset == "default" else PRESET)
    if state.budget == PRESET:
        assert made == wanted
    assert state.name == "kept"


def test_an_unknown_preset_shows_the_default_one():
    assert logic.preset_config("gone") == logic.preset_config("default")


def test_settings_that_a_task_does_not_use_stay_out_and_its_own_go_in():
    state = PretrainState(task="turns", dims=3, patch_size=16, own={"turns": {"angles": 6, "gone": 1}, "other": {"x": 1}})
    config = logic.make_config(state, {}, task=TURNS)
    assert config["pretext"] == {"task": "turns", "angles": 6}
    assert logic.check(state, {}, tasks=TASKS).pretext.own == {"angles": 6}


def test_what_cannot_hold_is_refused_before_anything_starts():
    with pytest.raises(SSLSegmentationError, match="no pretext task 'gone'"):
        logic.check(PretrainState(task="gone"), {}, tasks=TASKS)
    with pytest.raises(SSLSegmentationError, match="works in 3D only"):
        logic.check(PretrainState(task="turns", dims=2), {}, tasks=TASKS)
    with pytest.raises(SSLSegmentationError, match=r"pretext\.angles"):
        logic.check(PretrainState(task="turns", dims=3, own={"turns": {"angles": 99}}), {}, tasks=TASKS)
    with pytest.raises(SSLSegmentationError, match=r"pretext\.corrupted_area"):
        logic.check(PretrainState(corrupted_area=2.0), {}, tasks=TASKS)
