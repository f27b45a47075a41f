"""What a pretext task is: its description, and its answers to the trainer's questions. Importable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.tasks import TaskDescription

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class PretextExample:
    """What the network sees, what it should give, and which voxels count: (N, C, *S), (N, C, *S), (N, 1, *S)."""

    inputs: Tensor
    target: Tensor
    valid: Tensor


class PretextTask:
    """An inpainting task: the network restores the image from its corrupted version.

    A new task overrides what differs. `prepare` makes, once, what all steps share (masks); `draw` draws the randomness of
    one batch as plain data; `corrupt` applies it, purely, on the images' device; `loss` compares.
    """

    description: ClassVar[TaskDescription]

    def outputs(self, in_channels: int) -> int:
        """Channels of the network's last layer."""
        return in_channels

    def build(self, network: nn.Module) -> nn.Module:
        """The module that is trained: the network itself, or the network with a head that is thrown away later."""
        return network

    def prepare(self, config: Config, *, shape: tuple[int, ...]) -> Any:
        """What all steps share, for training images of `shape`."""
        return None

    def report(self, prepared: Any) -> Mapping[str, float]:
        """Facts about `prepared` for the log, for example the share of the area that is really displaced."""
        return {}

    def warnings(self, config: Config, prepared: Any) -> tuple[str, ...]:
        """What a person should know of sizes that had to shrink to the data."""
        return ()

    def draw(self, prepared: Any, rng: np.random.Generator, count: int) -> Any:
        """The randomness of a batch of `count` images, as plain data."""
        raise TypeError(f"{type(self).__name__} does not say what it draws")

    def corrupt(self, images: Tensor, prepared: Any, draw: Any) -> Tensor:
        """The corrupted images (N, C, *S); pure."""
        raise TypeError(f"{type(self).__name__} does not say how it corrupts")

    def loss(self, module: nn.Module, example: PretextExample) -> Tensor:
        """Methods A, equation A1."""
        from SSLSegmentationLib.learning.losses import inpainting_loss

        return inpainting_loss(module(example.inputs), example.target, example.valid)

    score_names: ClassVar[tuple[str, ...]] = ("l2_norm",)

    def scores(self, module: nn.Module, example: PretextExample) -> dict[str, Tensor]:
        """Validation scores beside the loss, per batch."""
        from SSLSegmentationLib.learning.losses import l2_norm

        return {"l2_norm": l2_norm(module(example.inputs), example.target, example.valid)}
