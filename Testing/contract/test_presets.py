"""The presets hold what they promise, each paper value with its source."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.presets import PRESETS, TITLES, sources

PAPERS = ("paper_inpainting_mri", "paper_inpainting_ct")


def test_the_default_changes_nothing():
    assert PRESETS["default"] == {}


def test_every_preset_has_a_title():
    assert list(TITLES) == list(PRESETS)


@pytest.mark.parametrize("name", PAPERS)
def test_every_value_of_a_paper_preset_has_a_source(name):
    keys = {f"{section}.{key}" for section, values in PRESETS[name].items() for key in values}
    origin = sources(name)
    assert set(origin) == keys
    assert all(source.startswith("A") for source in origin.values())


@pytest.mark.parametrize("name", PAPERS)
def test_the_inpainting_papers_training_is_as_published(name):
    config = parse({"preset": name})
    assert (config.network.name, config.network.dims, config.network.base_width, config.network.levels) == ("unet", 2, 32, 5)
    train = config.train
    assert (train.optimiser, train.beta1, train.beta2, train.batch_size) == ("adam", 0.99, 0.995, 9)
    assert (train.schedule, train.learning_rate, train.decay, train.decay_epochs) == ("exponential", 1e-3, 0.9, 2)
    assert (train.learning_rate_floor, train.max_epochs, train.loss, train.keep) == (1e-8, 500, "dice", "best")
    assert (train.early_stopping, train.threshold, train.patience) == (True, 1e-3, 10)
    assert (train.averaging, train.foreground_share, train.weight_decay, train.gradient_clip, train.warmup_share) == (
        0,
        0,
        0,
        0,
        0,
    )
    pretext = config.pretext
    assert (pretext.task, pretext.patch_size, pretext.sampling) == ("context_restoration", 32, "poisson_disc")
    assert (pretext.corrupted_area, pretext.mask_pool) == (0.25, 100)
    assert (pretext.early_stopping, pretext.threshold, pretext.patience) == (True, 50, 4)
    assert (config.transfer.weights, config.transfer.mode) == ("encoder", "immediate")
    assert not config.augment.enabled


def test_the_ct_preset_has_the_three_windows():
    config = parse({"preset": "paper_inpainting_ct"})
    assert config.data.modality == "ct"
    assert config.preprocess.windows == ((400, 50), (1800, 40), (500, 50))


def test_presets_of_our_own_have_no_sources():
    assert sources("default") == sources("quick") == {}
    assert parse({"preset": "quick"}).train.max_steps is not None
