"""Networks as one function from images to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.model_card import SOFTMAX
from SSLSegmentationLib.learning.padding import padded_forward
from SSLSegmentationLib.learning.precision import computing_in


@dataclass(frozen=True)
class ProbabilityModel:
    """One network or an ensemble, whose probabilities are averaged.

    `activation` is "softmax" (channel 0 is the background) or "sigmoid" (tissues only); `precision` as in
    `learning.precision`, the probabilities themselves are float32. Images smaller than `training_shape` are padded to it.
    """

    networks: Sequence[nn.Module]
    activation: str
    device: torch.device
    precision: str
    training_shape: tuple[int, ...]

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Probabilities float32 (N, K, *S) on the model's device of images float32 (N, C, *S) on any device."""
        images = images.to(self.device)
        total: Tensor | None = None
        for network in self.networks:
            with computing_in(self.precision, self.device):
                logits = padded_forward(network, images, training_shape=self.training_shape)
            logits = logits.float()
            one = logits.softmax(dim=1) if self.activation == SOFTMAX else logits.sigmoid()
            total = one if total is None else total.add_(one)
        assert total is not None
        return total if len(self.networks) == 1 else total.div_(len(self.networks))
