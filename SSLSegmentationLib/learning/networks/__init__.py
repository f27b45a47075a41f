"""The networks, by name. A network is built from its plan and maps (N, C, *S) of any size S to logits (N, outputs, *S).

Importing this room needs no torch: a config is checked before torch is there.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from SSLSegmentationLib.contract.errors import SSLSegmentationError

if TYPE_CHECKING:
    from torch import nn


def _build(module: str, plan: Mapping[str, Any]) -> nn.Module:
    network: nn.Module = importlib.import_module(f"{__name__}.{module}").build(plan)
    return network


# Each network's file has a function `build`.
NETWORKS: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "unet": functools.partial(_build, "unet"),
}


def build_network(plan: Mapping[str, Any]) -> nn.Module:
    """The network of a plan {name, dims, base_width, levels, in_channels, out_channels}, with random weights.

    Raises `model.incompatible` for a name that this version does not have.
    """
    name = str(plan["name"])
    if name not in NETWORKS:
        known = ", ".join(sorted(NETWORKS))
        raise SSLSegmentationError("model.incompatible", f"There is no network '{name}'; this version has {known}.")
    return NETWORKS[name](plan)
