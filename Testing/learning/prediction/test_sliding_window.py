"""Our sliding window against MONAI's, and against the plain definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from SSLSegmentationLib.learning.networks import build_network
from SSLSegmentationLib.learning.prediction.sliding_window import gaussian_weights, window_slabs, window_starts
from Testing.learning.prediction.small_models import model_card

CPU = torch.device("cpu")
TOLERANCE = 1e-6


class ArrayImage:
    """A prepared image that lies in memory."""

    def __init__(self, array: npt.NDArray[np.float32]) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, int, int, int]:
        channels, depth, rows, columns = self.array.shape
        return (channels, depth, rows, columns)

    def read(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        return self.array[:, start:stop].copy()


def probabilities_of_a_network() -> Callable[[Tensor], Tensor]:
    """A real network, one window at a time: in batches a convolution rounds differently, by 1e-6 itself."""
    torch.manual_seed(0)
    net = build_network(model_card(dims=3, in_channels=2).network).eval()

    @torch.inference_mode()
    def probabilities(x: Tensor) -> Tensor:
        return torch.cat([net(one[None]).softmax(dim=1) for one in x])

    return probabilities


def ours(image: Tensor, window: tuple[int, int, int], *, gaussian: bool, batch: int = 3) -> npt.NDArray[np.float32]:
    probabilities = probabilities_of_a_network()
    found = list(
        window_slabs(
            ArrayImage(image[0].numpy()), probabilities, window=window, batch=batch, outputs=3, device=CPU, gaussian=gaussian
        )
    )
    starts = [slab.start for slab in found]
    lengths = [slab.values.shape[1] for slab in found]
    assert starts == [sum(lengths[:number]) for number in range(len(lengths))]
    return np.concatenate([slab.values for slab in found], axis=1)


@pytest.mark.parametrize("mode", ["gaussian", "constant"])
@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ((16, 16, 16), (8, 8, 8)),
        ((17, 23, 9), (8, 8, 8)),
        ((21, 13, 30), (7, 5, 12)),
        ((8, 40, 9), (8, 8, 8)),
        ((9, 8, 8), (8, 8, 8)),
        ((31, 8, 11), (2, 7, 11)),
        ((5, 6, 7), (1, 1, 4)),
        ((8, 8, 8), (8, 8, 8)),
    ],
)
def test_equals_monai_where_the_window_fits_into_the_image(
    shape: tuple[int, int, int], window: tuple[int, int, int], mode: str
) -> None:
    inferers = pytest.importorskip("monai.inferers")
    torch.manual_seed(sum(shape))
    image = torch.randn(1, 2, *shape)
    model = probabilities_of_a_network()
    with torch.inference_mode():
        theirs = inferers.sliding_window_inference(image, window, 4, model, overlap=0.5, mode=mode)
    assert np.abs(ours(image, window, gaussian=mode == "gaussian") - theirs[0].numpy()).max() < TOLERANCE


def test_differs_from_monai_where_a_side_is_shorter_than_the_window() -> None:
    """MONAI pads such a side with zeros and lets the network see them; ours cuts the window to the image."""
    inferers = pytest.importorskip("monai.inferers")
    torch.manual_seed(5)
    image = torch.randn(1, 2, 5, 20, 20)
    model = probabilities_of_a_network()
    with torch.inference_mode():
        padded = inferers.sliding_window_inference(image, (8, 8, 8), 4, model, overlap=0.5, mode="gaussian")
        cut = inferers.sliding_window_inference(image, (5, 8, 8), 4, model, overlap=0.5, mode="gaussian")
    mine = ours(image, (8, 8, 8), gaussian=True)
    assert np.abs(mine - padded[0].numpy()).max() > 1e-3
    assert np.abs(mine - cut[0].numpy()).max() < TOLERANCE


def test_the_number_of_windows_computed_at_once_changes_nothing() -> None:
    torch.manual_seed(1)
    image = torch.randn(1, 2, 13, 21, 17)
    one = ours(image, (6, 8, 8), gaussian=True, batch=1)
    assert np.abs(one - ours(image, (6, 8, 8), gaussian=True, batch=100)).max() < TOLERANCE


def test_probabilities_of_a_voxelwise_model_come_back_whatever_the_windows() -> None:
    image = torch.rand(1, 1, 15, 19, 23)

    def voxelwise(x: Tensor) -> Tensor:
        return torch.cat([x, 1 - x], dim=1)

    slabs = window_slabs(ArrayImage(image[0].numpy()), voxelwise, window=(4, 7, 6), batch=5, outputs=2, device=CPU)
    values = np.concatenate([slab.values for slab in slabs], axis=1)
    assert np.abs(values[0] - image[0, 0].numpy()).max() < TOLERANCE


@pytest.mark.parametrize(("size", "side", "step"), [(10, 10, 5), (11, 10, 5), (20, 10, 5), (23, 10, 5), (7, 1, 1), (3, 8, 4)])
def test_windows_reach_every_voxel_and_stay_inside(size: int, side: int, step: int) -> None:
    starts = window_starts(size, side, step)
    reached = np.zeros(size, dtype=int)
    for start in starts:
        assert start >= 0
        assert start + side <= max(size, side)
        reached[start : start + side] += 1
    assert reached.min() >= 1
    assert starts == sorted(set(starts))


def test_weights_are_largest_in_the_middle_and_never_zero() -> None:
    weights = gaussian_weights((48, 5, 6))
    assert float(weights.min()) >= 1e-3
    assert torch.equal(weights, weights.flip(0))
    assert float(weights[24, 2, 3]) == float(weights.max())
