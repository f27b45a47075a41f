"""What the panel Pretrain remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict

from SSLSegmentationLib.gui.panels.budgets import MINUTES
from SSLSegmentationLib.gui.state import node_field, path_field

AUTO = 0


@dataclass
class PretrainState:
    """`patch_size` in voxels, or AUTO. `corrupted_area`: a share of 1. `own`: for each task the values of its own settings.

    `budget`: minutes, epochs, or as long as the preset says. `volume`: what the preview shows, "" for the volume on screen;
    `slice_share` (0 to 1) is its slice where no slice view is open; `seed` chooses the mask. `run`: the folder of the last
    run that this panel started or followed.
    """

    preset: str = "default"
    task: str = "context_restoration"
    patch_size: int = AUTO
    sampling: str = "poisson_disc"
    corrupted_area: float = 0.25
    dims: int = 2
    base_width: int = 32
    own: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    budget: str = MINUTES
    minutes: float = 30.0
    epochs: int = 100
    name: str = ""
    run: str = path_field()
    volume: str = node_field()
    slice_share: float = 0.5
    seed: int = 1
    table: str = node_field()
    chart: str = node_field()
