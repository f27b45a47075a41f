"""A U-Net with random weights as a model package: prediction costs the same as with trained ones."""

from __future__ import annotations

from pathlib import Path

import torch

from SSLSegmentationLib.contract.model_card import SEGMENTATION, SOFTMAX, ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan
from SSLSegmentationLib.learning.model_package import save_model
from SSLSegmentationLib.learning.networks import build_network

WINDOWS = ((400.0, 50.0), (1800.0, 40.0), (500.0, 50.0))


def save_untrained_model(
    folder: Path, *, modality: str, training_shape: tuple[int, ...], base_width: int, levels: int, tissues: int
) -> Path:
    """Saves the model in `folder`; `training_shape` has 2 or 3 sides and decides the network's dimensions."""
    plan = PreprocessPlan("ct_windows" if modality == "ct" else "zscore", WINDOWS, None, "axial", 1)
    network = {
        "name": "unet",
        "dims": len(training_shape),
        "base_width": base_width,
        "levels": levels,
        "in_channels": plan.prepared_channels,
        "out_channels": tissues + 1,
    }
    card = ModelCard(
        task=SEGMENTATION,
        network=network,
        activation=SOFTMAX,
        channels=(modality.upper(),),
        modality=modality,
        preprocessing=plan.as_dict(),
        training_shape=training_shape,
        tissues=TissueTable.from_values(range(1, tissues + 1)),
    )
    torch.manual_seed(0)
    save_model(folder, card, build_network(network).state_dict())
    return folder
