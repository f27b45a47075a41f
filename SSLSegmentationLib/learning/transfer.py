"""What fine-tuning takes over from a pretrained model, and in which stages it then trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.training.task import Stage

ENCODER_PREFIX = "encoder."
LAST_PREFIX = "last."
_SAME = ("name", "dims", "base_width", "levels", "in_channels")


def check_networks(pretrained: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises `model.incompatible`, naming each difference, where the two networks are not alike up to the last layer."""
    differences = [
        f"{key} {pretrained.get(key)} instead of {wanted.get(key)}" for key in _SAME if pretrained.get(key) != wanted.get(key)
    ]
    if differences:
        raise SSLSegmentationError(
            "model.incompatible",
            f"The pretrained model has another network: {', '.join(differences)}.",
            hint="Set these in the config's network and preprocess sections as in the pretrained model.",
        )


def transferred_names(names: list[str], *, weights: str) -> list[str]:
    """Names of the weights that `transfer.weights` takes over: the encoder's, or all but the last layer's."""
    if weights == "encoder":
        return [name for name in names if name.startswith(ENCODER_PREFIX)]
    return [name for name in names if not name.startswith(LAST_PREFIX)]


def transfer_weights(network: nn.Module, pretrained: Mapping[str, Tensor], *, weights: str) -> tuple[str, ...]:
    """Copies weights into `network` and returns their names. Raises `model.incompatible` where one is missing."""
    own = network.state_dict()
    taken = transferred_names(list(own), weights=weights)
    wrong = [name for name in taken if name not in pretrained or pretrained[name].shape != own[name].shape]
    if wrong or not taken:
        raise SSLSegmentationError(
            "model.incompatible", f"The pretrained model lacks the weights {', '.join(wrong[:3]) or 'of the encoder'}."
        )
    network.load_state_dict({**own, **{name: pretrained[name] for name in taken}})
    return tuple(taken)


def plan_stages(config: Config, *, transferred: tuple[str, ...]) -> tuple[Stage, ...]:
    """One stage, or two where transferred weights rest first (methods A: immediate, freeze_then_finetune)."""
    rate = config.train.learning_rate
    if not transferred or config.transfer.mode == "immediate":
        return (Stage("train", 1.0, rate),)
    share = config.transfer.frozen_share
    return (
        Stage("frozen", share, rate, frozen=transferred),
        Stage("all_weights", 1 - share, config.transfer.second_learning_rate),
    )
