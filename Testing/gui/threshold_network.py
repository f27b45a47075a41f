"""A network that marks what is brighter than the mean: its label maps are known to the voxel. For the backend's Python.

Usage: python -m Testing.gui.threshold_network FOLDER CHANNELS; writes a model of it to FOLDER.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

LABEL = 7


class Threshold(nn.Module):
    """Sure of the tissue where the last channel is above its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(50.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.sharpness * x[:, -1:]


def build_threshold(_plan: Mapping[str, Any]) -> Threshold:
    return Threshold()


def main() -> None:
    from SSLSegmentationLib.contract.model_card import SIGMOID
    from SSLSegmentationLib.contract.tissues import TissueTable
    from SSLSegmentationLib.learning.model_package import save_model
    from SSLSegmentationLib.learning.networks import NETWORKS
    from Testing.learning.prediction.small_models import model_card, preprocessing

    folder, channels = Path(sys.argv[1]), int(sys.argv[2])
    NETWORKS["threshold"] = build_threshold
    card = model_card(
        activation=SIGMOID,
        tissues=TissueTable.from_values([LABEL]),
        in_channels=channels,
        channels=tuple(f"echo {number + 1}" for number in range(channels)),
        plan=preprocessing(channels=channels),
    )
    card = dataclasses.replace(card, network={**card.network, "name": "threshold"})
    save_model(folder, card, Threshold().state_dict())


if __name__ == "__main__":
    main()
