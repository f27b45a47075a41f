"""Context prediction: patches are set to zero and predicted from what surrounds them (Pathak et al. 2016; methods A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.learning.pretext.patches import PatchDraw, PatchPool, draw_patches, prepare_patches
from SSLSegmentationLib.learning.pretext.task import PretextTask

if TYPE_CHECKING:
    from torch import Tensor


class ContextPrediction(PretextTask):
    """Zeroes K×K patches; zero is the image's mean."""

    description = TaskDescription(
        name="context_prediction",
        title="Context prediction",
        summary="Patches are blanked; the network predicts them from their surroundings.",
    )

    def prepare(self, config: Config, *, shape: tuple[int, ...]) -> PatchPool:
        return prepare_patches(config, shape=shape, pairs=False)

    def report(self, prepared: PatchPool) -> Mapping[str, float]:
        return {"patch_size": prepared.pool.patch_size, "corrupted_area": float(prepared.pool.mask.mean())}

    def draw(self, prepared: PatchPool, rng: np.random.Generator, count: int) -> PatchDraw:
        return draw_patches(prepared, rng, count)

    def corrupt(self, images: Tensor, prepared: PatchPool, draw: PatchDraw) -> Tensor:
        mask, _ = prepared.turned("mask", draw, images.device)
        return images.masked_fill(mask.view(len(images), 1, *images.shape[2:]), 0.0)
