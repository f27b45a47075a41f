"""The networks, by name. A network is built from its plan and maps (N, C, *S) of any size S to logits (N, outputs, *S)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.networks.unet import build_unet

NETWORKS: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "unet": build_unet,
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
