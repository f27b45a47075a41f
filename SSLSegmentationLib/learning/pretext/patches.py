"""Corruption by patches on the training device: the pool of masks as tensors, applied to a whole batch by one gather."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.imaging.masks import MaskPool, pool_of_config

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class PatchPool:
    """A `MaskPool` whose maps are kept as tensors on each device that asks for them."""

    def __init__(self, pool: MaskPool) -> None:
        self.pool = pool
        self._tensors: dict[tuple[str, str], Tensor] = {}

    def tensor(self, name: str, device: torch.device) -> Tensor:
        """`mask`, `index`, `symmetries` or `inverse_symmetries` of the pool, on the device."""
        import torch

        key = (name, str(device))
        if key not in self._tensors:
            values = torch.from_numpy(np.ascontiguousarray(getattr(self.pool, name)))
            self._tensors[key] = values.to(device) if values.dtype == torch.bool else values.to(device, torch.int64)
        return self._tensors[key]

    def turned(self, name: str, draw: PatchDraw, device: torch.device) -> tuple[Tensor, Tensor]:
        """The drawn maps (N, area) in the turned frame, and the drawn symmetries' inverses (N, area)."""
        import torch

        mask_number = torch.from_numpy(draw.mask_number).to(device)
        symmetry = torch.from_numpy(draw.symmetry).to(device)
        turn = self.tensor("symmetries", device)[symmetry]
        values = self.tensor(name, device)[mask_number].gather(1, turn)
        return values, self.tensor("inverse_symmetries", device)[symmetry]


@dataclass(frozen=True)
class PatchDraw:
    """For each of N images the number of its mask and of the mask's symmetry, both int64 (N,)."""

    mask_number: np.ndarray[Any, np.dtype[np.int64]]
    symmetry: np.ndarray[Any, np.dtype[np.int64]]


def prepare_patches(config: Config, *, shape: tuple[int, ...], pairs: bool) -> PatchPool:
    """The pool of `pretext.mask_pool` masks for the training shape; raises `config.infeasible` where the area can't be had."""
    return PatchPool(pool_of_config(config, shape=shape, pairs=pairs))


def draw_patches(patches: PatchPool, rng: np.random.Generator, count: int) -> PatchDraw:
    """One mask and one symmetry for each image."""
    draw = patches.pool.draw(rng, count)
    return PatchDraw(np.asarray(draw.mask_number, dtype=np.int64), np.asarray(draw.symmetry, dtype=np.int64))
