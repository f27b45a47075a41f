"""Small real models for tests and benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from SSLSegmentationLib.contract.model_card import SEGMENTATION, SIGMOID, SOFTMAX, ModelCard
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.learning.model_package import save_model
from SSLSegmentationLib.learning.networks import build_network

TISSUES = TissueTable.of(
    [Tissue(1, "anterior", (255, 0, 0)), Tissue(2, "posterior", (0, 255, 0), "a~b~c~d~e~f~g")],
    given=True,
)


def preprocessing(**changes: Any) -> dict[str, Any]:
    """`PreprocessPlan.as_dict()` of an MRI model."""
    plan = {
        "normalisation": "zscore",
        "windows": [[400.0, 50.0], [1800.0, 40.0], [500.0, 50.0]],
        "spacing": None,
        "slice_axis": "axial",
        "channels": 1,
        "neighbour_slices": 0,
    }
    return {**plan, **changes}


def model_card(
    *,
    dims: int = 2,
    base_width: int = 4,
    levels: int = 2,
    in_channels: int = 1,
    activation: str = SOFTMAX,
    tissues: TissueTable = TISSUES,
    training_shape: tuple[int, ...] | None = None,
    plan: dict[str, Any] | None = None,
    **changes: Any,
) -> ModelCard:
    """The card of a U-Net."""
    network = {
        "name": "unet",
        "dims": dims,
        "base_width": base_width,
        "levels": levels,
        "in_channels": in_channels,
        "out_channels": len(tissues) + (activation != SIGMOID),
    }
    facts: dict[str, Any] = {
        "task": SEGMENTATION,
        "channels": ("MRI",),
        "modality": "mri",
        "training_shape": training_shape or (32,) * dims,
        "preprocessing": plan or preprocessing(),
    }
    return ModelCard(network=network, activation=activation, tissues=tissues, **{**facts, **changes})


def save_untrained(folder: Path, card: ModelCard, *, seed: int = 0) -> Path:
    """A model package with the random weights of `seed`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_model(folder, card, build_network(card.network).state_dict())
    return folder
