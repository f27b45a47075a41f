"""What fine-tuning takes over from a pretrained model, and in which stages it then trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import SEGMENTATION, ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.learning.training.task import Stage

# The parts of a network; weights that are in neither the encoder nor the last layer are the decoder's.
ENCODER, DECODER, LAST = "encoder", "decoder", "last"
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


def transferred_parts(weights: str, start: ModelCard, *, tissues: TissueTable, activation: str) -> tuple[str, ...]:
    """The parts that `transfer.weights` takes over: the encoder, or the decoder as well, and with both the last layer where
    the model `start` segments the same tissues in the same order."""
    if weights == "encoder":
        return (ENCODER,)
    names = [[tissue.name.casefold() for tissue in table] for table in (start.tissues, tissues)]
    same_outputs = start.task == SEGMENTATION and start.activation == activation and names[0] == names[1]
    return (ENCODER, DECODER, LAST) if same_outputs else (ENCODER, DECODER)


def part_of(name: str) -> str:
    """The part of the network that a weight belongs to."""
    first = name.partition(".")[0]
    return first if first in (ENCODER, LAST) else DECODER


def weights_of_parts(network: nn.Module, parts: Sequence[str]) -> tuple[str, ...]:
    """The names of the weights that lie in `parts`."""
    return tuple(name for name in network.state_dict() if part_of(name) in parts)


def transfer_weights(network: nn.Module, pretrained: Mapping[str, Tensor], *, parts: Sequence[str]) -> tuple[str, ...]:
    """Copies the weights of some parts into `network` and returns their names. Raises `model.incompatible` where one is
    missing."""
    own = network.state_dict()
    taken = weights_of_parts(network, parts)
    wrong = [name for name in taken if name not in pretrained or pretrained[name].shape != own[name].shape]
    if wrong or not taken:
        raise SSLSegmentationError(
            "model.incompatible", f"The pretrained model lacks the weights {', '.join(wrong[:3]) or 'of the encoder'}."
        )
    network.load_state_dict({**own, **{name: pretrained[name] for name in taken}})
    return taken


def plan_stages(config: Config, *, transferred: tuple[str, ...]) -> tuple[Stage, ...]:
    """One stage, or two where transferred weights rest first (methods A: immediate, freeze_then_finetune).

    The last layer never rests: there would be nothing left to train.
    """
    rate = config.train.learning_rate
    if not transferred or config.transfer.mode == "immediate":
        return (Stage("train", 1.0, rate),)
    share = config.transfer.frozen_share
    return (
        Stage("frozen", share, rate, frozen=tuple(name for name in transferred if part_of(name) != LAST)),
        Stage("all_weights", 1 - share, config.transfer.second_learning_rate),
    )
