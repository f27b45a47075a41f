"""The optimiser of a stage, and its state as plain tensors for the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.config import TrainConfig


def build_optimiser(module: nn.Module, train: TrainConfig, *, frozen: tuple[str, ...]) -> torch.optim.Optimizer:
    """Optimiser of all parameters but the frozen ones (by prefix), which stop taking gradients."""
    trained = []
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(not name.startswith(frozen) if frozen else True)
        if parameter.requires_grad:
            trained.append(parameter)
    if train.optimiser == "sgd":
        return torch.optim.SGD(
            trained, lr=train.learning_rate, momentum=train.beta1, nesterov=train.beta1 > 0, weight_decay=train.weight_decay
        )
    kind = torch.optim.AdamW if train.optimiser == "adamw" else torch.optim.Adam
    return kind(trained, lr=train.learning_rate, betas=(train.beta1, train.beta2), weight_decay=train.weight_decay, foreach=True)


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as "<parameter number>/<key>" → tensor."""
    state = optimiser.state_dict()["state"]
    return {f"{number}/{key}": torch.as_tensor(value) for number, values in state.items() for key, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimiser_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, key = name.partition("/")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
