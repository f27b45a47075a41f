"""Context restoration: pairs of patches are swapped and the network puts them back (Chen et al. 2019; methods A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.imaging.masks import MaskPool, PoolDraw, pool_of_config
from SSLSegmentationLib.learning.pretext.patches import patch_warnings, swap_patches
from SSLSegmentationLib.learning.pretext.task import PretextTask

if TYPE_CHECKING:
    from torch import Tensor


class ContextRestoration(PretextTask):
    """Swaps pairs of K×K patches, the same ones in all channels."""

    description = TaskDescription(
        name="context_restoration",
        title="Context restoration",
        summary="Pairs of patches are swapped; the network restores the image.",
    )

    def prepare(self, config: Config, *, shape: tuple[int, ...]) -> MaskPool:
        return pool_of_config(config, shape=shape, pairs=True)

    def report(self, prepared: MaskPool) -> Mapping[str, float]:
        return {
            "patch_size": prepared.patch_size,
            "corrupted_area": float(prepared.corrupted.mean()),
            "displaced_area": float(np.mean(prepared.displaced)),
        }

    def warnings(self, config: Config, prepared: MaskPool) -> tuple[str, ...]:
        return patch_warnings(config, prepared)

    def draw(self, prepared: MaskPool, rng: np.random.Generator, count: int) -> PoolDraw:
        return prepared.draw(rng, count)

    def corrupt(self, images: Tensor, prepared: MaskPool, draw: PoolDraw) -> Tensor:
        return swap_patches(images, prepared, draw)
