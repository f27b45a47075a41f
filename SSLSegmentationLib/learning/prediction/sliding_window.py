"""A 3D model on a volume larger than its training shape: overlapping windows, weighted and averaged as they pass.

Windows start every half side, the last one of an axis is moved inside; each window's probabilities are weighted by a
Gaussian of SD side / 8 (at least 0.001) and divided by the sum of the weights. Only the slices that a window can still
reach are held.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from SSLSegmentationLib.learning.prediction.slabs import ImageSource, Probabilities, Slab

Shape = tuple[int, int, int]

# SD of the Gaussian weights as a share of the window's side; and the least weight, so that no voxel is divided by 0.
SIGMA_SHARE = 0.125
LEAST_WEIGHT = 1e-3
# A volume is computed as a whole where no side is longer than this times the training shape's.
WHOLE_FACTOR = 1.5


def fits_whole(size: Sequence[int], training_shape: Sequence[int]) -> bool:
    """Whether a volume of `size` (slices, rows, columns) is small enough to be computed without windows."""
    return all(side <= WHOLE_FACTOR * own for side, own in zip(size, training_shape, strict=True))


def window_starts(size: int, side: int, step: int) -> list[int]:
    """First voxels of the windows along one axis; the last window ends with the axis."""
    last = max(size - side, 0)
    return [*range(0, last, step), last]


def gaussian_weights(shape: Shape) -> Tensor:
    """Weights float32 of a window, largest in its middle."""
    weights = torch.ones((), dtype=torch.float32)
    for side in shape:
        distance = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
        weights = weights[..., None] * torch.exp(-(distance**2) / (2 * (SIGMA_SHARE * side) ** 2))
    return weights.clamp(min=max(float(weights.min()), LEAST_WEIGHT))


def window_slabs(
    image: ImageSource,
    model: Probabilities,
    *,
    window: Shape,
    batch: int,
    outputs: int,
    device: torch.device,
    gaussian: bool = True,
) -> Iterator[Slab]:
    """Slabs in order. `window` (slices, rows, columns) is cut to the image's size where that is smaller; `batch` windows
    are computed at once; `outputs` is the number of probabilities of a voxel."""
    _, depth, rows, columns = image.shape
    shape = (min(window[0], depth), min(window[1], rows), min(window[2], columns))
    weights = gaussian_weights(shape).to(device) if gaussian else torch.ones(shape, device=device)
    steps = [max(1, side // 2) for side in shape]
    layers = window_starts(depth, shape[0], steps[0])
    places = list(itertools.product(window_starts(rows, shape[1], steps[1]), window_starts(columns, shape[2], steps[2])))
    total = torch.zeros((outputs, shape[0], rows, columns), device=device)
    # The sum of the weights is the same for all layers until the overlap of the slices, so one layer's is kept.
    layer_weight = torch.zeros((shape[0], rows, columns), device=device)
    for row, column in places:
        layer_weight[:, row : row + shape[1], column : column + shape[2]] += weights
    weight = torch.zeros_like(layer_weight)
    for number, start in enumerate(layers):
        slab = torch.from_numpy(image.read(start, start + shape[0])).to(device)
        for first in range(0, len(places), batch):
            chosen = places[first : first + batch]
            images = torch.stack([slab[:, :, row : row + shape[1], column : column + shape[2]] for row, column in chosen])
            for (row, column), values in zip(chosen, model(images), strict=True):
                total[:, :, row : row + shape[1], column : column + shape[2]] += values * weights
        weight += layer_weight
        done = (layers[number + 1] if number + 1 < len(layers) else depth) - start
        # The image's part is as large as several channels of the sums: it goes before their copy is made.
        del slab, images, values
        yield Slab(start, (total[:, :done] / weight[:done]).cpu().numpy())
        _shift(total, done)
        _shift(weight[None], done)


def _shift(buffer: Tensor, count: int) -> None:
    """Drops the first `count` slices of (K, n, H, W) in place, and adds as many empty ones; copies one channel at a time."""
    for channel in buffer:
        kept = channel[count:].clone()
        channel[: len(kept)] = kept
        channel[len(kept) :] = 0
