"""Small cached cases in memory, for tests that need no files."""

from __future__ import annotations

import numpy as np

from SSLSegmentationLib.imaging.cache import CachedCase


def cached_case(
    name: str, *, shape: tuple[int, int, int] = (5, 20, 16), channels: int = 1, labelled: bool = True, seed: int = 0
) -> CachedCase:
    """A bright ball (tissue 1) and a dark box (tissue 2) in noise; voxel values tell where they come from."""
    rng = np.random.default_rng((seed, len(name), *name.encode()))
    label = np.zeros(shape, dtype=np.uint8)
    label[1:-1, 3:8, 2:7] = 1
    label[2:, 10:15, 8:13] = 2
    image = rng.normal(0, 0.3, (channels, *shape)).astype(np.float32)
    image[:, label == 1] += 2
    image[:, label == 2] -= 2
    present = [np.flatnonzero((label == value).any((1, 2))) for value in (1, 2)]
    return CachedCase(
        id=name,
        subject=name,
        image=image,
        label=label if labelled else None,
        class_slices=tuple(present) if labelled else (),
        spacing=(1.0, 1.0, 1.0),
    )
