"""Context prediction: patches are set to zero and predicted from what surrounds them (Pathak et al. 2016; methods A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.imaging.masks import MaskPool, PoolDraw, pool_of_config
from SSLSegmentationLib.learning.pretext.patches import blank_patches, patch_warnings
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

    def prepare(self, config: Config, *, shape: tuple[int, ...]) -> MaskPool:
        return pool_of_config(config, shape=shape, pairs=False)

    def report(self, prepared: MaskPool) -> Mapping[str, float]:
        return {"patch_size": prepared.patch_size, "corrupted_area": float(prepared.corrupted.mean())}

    def warnings(self, config: Config, prepared: MaskPool) -> tuple[str, ...]:
        return patch_warnings(config, prepared)

    def draw(self, prepared: MaskPool, rng: np.random.Generator, count: int) -> PoolDraw:
        return prepared.draw(rng, count)

    def corrupt(self, images: Tensor, prepared: MaskPool, draw: PoolDraw) -> Tensor:
        return blank_patches(images, prepared, draw)
