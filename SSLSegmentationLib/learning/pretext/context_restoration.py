"""Context restoration: pairs of patches are swapped and the network puts them back (Chen et al. 2019; methods A)."""

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


class ContextRestoration(PretextTask):
    """Swaps pairs of K×K patches, the same ones in all channels, by one gather."""

    description = TaskDescription(
        name="context_restoration",
        title="Context restoration",
        summary="Pairs of patches are swapped; the network restores the image.",
    )

    def prepare(self, config: Config, *, shape: tuple[int, ...]) -> PatchPool:
        return prepare_patches(config, shape=shape, pairs=True)

    def report(self, prepared: PatchPool) -> Mapping[str, float]:
        return {
            "patch_size": prepared.pool.patch_size,
            "corrupted_area": float(prepared.pool.mask.mean()),
            "displaced_area": float(np.mean(prepared.pool.displaced)),
        }

    def draw(self, prepared: PatchPool, rng: np.random.Generator, count: int) -> PatchDraw:
        return draw_patches(prepared, rng, count)

    def corrupt(self, images: Tensor, prepared: PatchPool, draw: PatchDraw) -> Tensor:
        index, inverse = prepared.turned("index", draw, images.device)
        source = inverse.gather(1, index).unsqueeze(1).expand(-1, images.shape[1], -1)
        return images.flatten(2).gather(2, source).view_as(images)
