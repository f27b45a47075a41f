"""What the panel Fine-tune remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from SSLSegmentationLib.gui.panels.budgets import MINUTES
from SSLSegmentationLib.gui.state import node_field, path_field, path_list_field

SCRATCH = ""


@dataclass
class FinetuneState:
    """`start`: the path of a model to start from, or SCRATCH. `chosen`: models that were chosen from files.

    `learning_rate` 0: that of the preset. `scans`: how many labelled scans are used, 0 for all. `budget`: minutes, epochs,
    or as long as the preset says. `like_model`: the network is that of the model to start from. `volume` and
    `segmentation`: the corrected scan to go on with.
    """

    start: str = path_field()
    chosen: List[str] = path_list_field()
    weights: str = "encoder"
    mode: str = "immediate"
    learning_rate: float = 0.0
    scans: int = 0
    budget: str = MINUTES
    minutes: float = 20.0
    epochs: int = 100
    dims: int = 2
    preset: str = "default"
    like_model: bool = False
    name: str = ""
    volume: str = node_field()
    segmentation: str = node_field()
    continue_minutes: float = 5.0
    table: str = node_field()
    chart: str = node_field()
