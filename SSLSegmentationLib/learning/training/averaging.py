"""Averaged weights: an exponential moving average of the trained ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AveragedWeights:
    """Moving average of a module's state with `decay` per step, shorter at the start; `decay` 0 follows the module."""

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.state: dict[str, Tensor] = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, *, step: int) -> None:
        """After optimiser step number `step` (from 1)."""
        decay = min(self.decay, (1 + step) / (10 + step)) if self.decay else 0.0
        averaged, current = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                averaged.append(self.state[name])
                current.append(value)
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(averaged, current, 1 - decay)
