"""What Fine-tune's state means as a config, and whether it fits the model to start from. No backend is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import SEGMENTATION, SOFTMAX, ModelCard
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.panels.budgets import EPOCHS, PRESET
from SSLSegmentationLib.gui.panels.finetune import logic
from SSLSegmentationLib.gui.panels.finetune.fitting import like_model, misfit
from SSLSegmentationLib.gui.panels.finetune.state import FinetuneState

MRI, CT = {"modality": "mri"}, {"modality": "ct"}


def a_model(*, modality="mri", **changes):
    network = {"name": "unet", "dims": 2, "base_width": 8, "levels": 4, "in_channels": 1, "out_channels": 3}
    preprocessing = {"normalisation": "zscore", "windows": [], "spacing": None, "slice_axis": "axial", "neighbour_slices": 0}
    card = ModelCard(
        task=SEGMENTATION,
        network={**network, **changes},
        activation=SOFTMAX,
        channels=("image",),
        modality=modality,
        preprocessing=preprocessing,
        training_shape=(64, 64),
        tissues=TissueTable.from_names({1: "a", 2: "b"}),
    )
    return Model(Path("model"), card)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("dims", [2, 3])
def test_every_preset_gives_a_config_that_holds(preset, dims):
    data = CT if preset == "paper_inpainting_ct" else MRI
    config = parse(logic.make_config(FinetuneState(preset=preset, dims=dims), data, model=None))
    assert config.train.learning_rate == logic.preset_learning_rate(preset)
    assert (config.train.max_minutes, config.train.max_steps, config.train.max_epochs) == (20.0, None, None)
    assert config.network.dims == dims
    assert config.transfer.weights == "none"


def test_only_the_chosen_budget_counts():
    epochs = parse(logic.make_config(FinetuneState(budget=EPOCHS, epochs=7, preset="quick"), MRI, model=None)).train
    assert (epochs.max_minutes, epochs.max_steps, epochs.max_epochs) == (None, None, 7)
    preset = parse(logic.make_config(FinetuneState(budget=PRESET, preset="quick"), MRI, model=None)).train
    assert (preset.max_minutes, preset.max_steps, preset.max_epochs) == (None, 400, None)


def test_scans_rate_and_transfer_are_taken_over():
    state = FinetuneState(scans=3, learning_rate=0.01, weights="encoder_decoder", mode="freeze_then_finetune")
    config = parse(logic.make_config(state, {**MRI, "images": "a", "labels": "b"}, model=a_model()))
    assert config.data.labelled_cases == 3
    assert config.train.learning_rate == 0.01
    assert (config.transfer.weights, config.transfer.mode) == ("encoder_decoder", "freeze_then_finetune")


def test_the_models_own_network_fits_whatever_the_panel_says():
    model = a_model(base_width=12, dims=2)
    state = FinetuneState(preset="default")
    assert logic.check(state, MRI, model=model)
    assert not logic.check(replace(state, like_model=True), MRI, model=model)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dims": 3}, "The model works in 3D, yours in 2D."),
        ({"base_width": 16}, "The model's first level has 16 channels, yours has 8."),
        ({"name": "other"}, "The model's network is other, yours is unet."),
    ],
)
def test_a_misfit_is_told_in_a_plain_sentence_and_can_be_solved(changes, words):
    found = logic.check(FinetuneState(preset="quick"), MRI, model=a_model(**changes))
    assert words in found.sentences
    assert found.solvable


def test_levels_are_compared_only_where_they_are_set():
    config = parse({"preset": "quick", "network": {"levels": 5}})
    assert misfit(config, a_model(levels=4)).sentences == ("The model has 4 levels, yours has 5.",)


def test_other_preprocessing_is_told():
    config = parse({"preset": "quick", "preprocess": {"neighbour_slices": 2, "normalisation": "zscore"}, "data": MRI})
    model = a_model()
    assert "neighbouring slices" in misfit(config, model).sentences[0]
    own = parse({"preset": "quick", "data": MRI})
    for number in (0, 1):
        like = replace(model.card, preprocessing={**model.card.preprocessing, "neighbour_slices": number})
        assert not misfit(own, replace(model, card=like)), "what is not set follows the model"
    scaled = replace(model, card=replace(model.card, preprocessing={**model.card.preprocessing, "normalisation": "ct_windows"}))
    assert "scaled by ct_windows" in misfit(parse({"preset": "quick"}), scaled).sentences[0]


def test_a_model_of_another_modality_cannot_be_made_to_fit():
    found = logic.check(FinetuneState(preset="quick"), CT, model=a_model(modality="mri"))
    assert found.sentences == ("The model was trained on MRI scans, yours are CT: choose another model, or correct 'Scans'.",)
    assert not found.solvable


def test_what_is_taken_from_a_model_is_a_config():
    model = a_model(base_width=24)
    config = parse(like_model(model))
    assert (config.network.base_width, config.network.levels) == (24, 4)
    assert not misfit(config, model)


def test_settings_that_exclude_each_other_are_an_error():
    with pytest.raises(SSLSegmentationError) as conflict:
        logic.check(FinetuneState(preset="paper_inpainting_ct"), MRI, model=None)
    assert conflict.value.code == "config.conflict"


def test_a_model_that_is_gone_is_not_usable(tmp_path):
    assert logic.usable_model("") is None
    assert logic.usable_model(str(tmp_path / "nothing")) is None
    (tmp_path / "model.zip").write_bytes(b"no zip")
    assert logic.usable_model(str(tmp_path / "model.zip")) is None
