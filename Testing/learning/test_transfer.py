"""What fine-tuning takes over: which parts of the network, and what rests at first."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import NO_ACTIVATION, SEGMENTATION, SIGMOID, SOFTMAX, ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.learning.transfer import DECODER, ENCODER, LAST, plan_stages, transfer_weights, transferred_parts

TISSUES = TissueTable.from_names({1: "fat", 2: "muscle"})
CARD = ModelCard(
    task=SEGMENTATION,
    network={"name": "unet"},
    activation=SOFTMAX,
    channels=("mri",),
    modality="mri",
    preprocessing={},
    training_shape=(64, 64),
    tissues=TISSUES,
)


def parts_of(card: ModelCard, weights: str = "encoder_decoder") -> tuple[str, ...]:
    return transferred_parts(weights, card, tissues=TISSUES, activation=SOFTMAX)


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.ModuleDict({"encoder": nn.Linear(2, 3), "up": nn.Linear(3, 3), "last": nn.Linear(3, 2)})


def test_the_last_layer_goes_on_where_the_tissues_are_the_same() -> None:
    assert parts_of(CARD) == (ENCODER, DECODER, LAST)
    assert parts_of(replace(CARD, tissues=TissueTable.from_names({4: "Fat", 7: "muscle"}))) == (ENCODER, DECODER, LAST)


@pytest.mark.parametrize(
    "card",
    [
        replace(CARD, tissues=TissueTable.from_names({1: "muscle", 2: "fat"})),
        replace(CARD, tissues=TissueTable.from_names({1: "fat"})),
        replace(CARD, activation=SIGMOID),
        replace(CARD, task="context_restoration", activation=NO_ACTIVATION, tissues=TissueTable(())),
    ],
    ids=["another order", "fewer", "other outputs", "pretrained"],
)
def test_the_last_layer_starts_anew_for_other_outputs(card: ModelCard) -> None:
    assert parts_of(card) == (ENCODER, DECODER)


def test_the_encoder_alone_leaves_the_rest_new() -> None:
    assert parts_of(CARD, "encoder") == (ENCODER,)
    own, before = network(0), network(1).state_dict()
    taken = transfer_weights(own, before, parts=(ENCODER,))
    assert taken == ("encoder.weight", "encoder.bias")
    alike = {name for name, value in own.state_dict().items() if torch.equal(value, before[name])}
    assert alike == set(taken)


def test_a_weight_that_is_missing_or_of_another_shape_is_named() -> None:
    with pytest.raises(SSLSegmentationError, match="up.weight"):
        transfer_weights(network(0), {**network(1).state_dict(), "up.weight": torch.zeros(1)}, parts=(ENCODER, DECODER))


def test_the_last_layer_does_not_rest() -> None:
    names = ("encoder.weight", "up.weight", "last.weight")
    config = parse({"transfer": {"mode": "freeze_then_finetune"}})
    frozen, rest = plan_stages(config, transferred=names)
    assert frozen.frozen == ("encoder.weight", "up.weight")
    assert rest.frozen == ()
    (only,) = plan_stages(parse({"transfer": {"mode": "immediate"}}), transferred=names)
    assert only.frozen == ()
