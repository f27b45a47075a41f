"""Fine-tuning as the trainer sees it: rotations of the training images are rigid in mm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.learning import finetuning
from SSLSegmentationLib.learning.augmentation import AugmentationDraw, draw_augmentation
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.finetuning import SegmentationTask
from Testing.learning.augmentation.batches import only
from Testing.learning.cases import cached_case
from Testing.learning.prediction.small_models import TISSUES

SPACINGS = {"a": (3.0, 0.5, 1.0), "b": (0.7, 0.7, 0.7), "c": (1.0, 2.5, 0.4)}


@pytest.mark.parametrize("shape", [(16, 16), (4, 16, 16)])
def test_rotations_are_rigid_on_the_voxels_of_each_images_own_case(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[AugmentationDraw] = []

    def note(*arguments: Any, **settings: Any) -> AugmentationDraw:
        drawn.append(draw_augmentation(*arguments, **settings))
        return drawn[-1]

    monkeypatch.setattr(finetuning, "draw_augmentation", note)
    monkeypatch.setattr(finetuning, "generator", lambda *_: np.random.default_rng(7))
    config = replace(Config(), augment=only("rotation"))
    cases = [replace(cached_case(name), spacing=spacing) for name, spacing in SPACINGS.items()]
    source = BatchSource(cases, shape=shape)
    SegmentationTask(config, train=source, validation=(), tissues=TISSUES, batch_size=12, device=torch.device("cpu")).example(0)
    # The same draw again says which case each image is of.
    draw = source.draw(np.random.default_rng(7), 12, foreground_share=config.train.foreground_share)
    spacing = np.array([SPACINGS[cases[index].id] for index in draw.case])[:, -len(shape) :]
    assert len(np.unique(draw.case)) == 3
    in_mm = spacing[:, :, None] * drawn[0].matrices / spacing[:, None, :]
    np.testing.assert_allclose(in_mm @ in_mm.transpose(0, 2, 1), np.broadcast_to(np.eye(len(shape)), in_mm.shape), atol=1e-12)
