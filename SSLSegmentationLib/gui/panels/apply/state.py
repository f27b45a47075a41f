"""What the panel Apply remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List

from SSLSegmentationLib.gui.state import node_field, node_list_field

VOLUME, SCENE, FOLDER = "volume", "scene", "folder"


@dataclass
class ApplyState:
    """`scope`: this volume, all volumes of the scene, or a folder of scans. Nodes are given by their ids.

    `volume` is the first channel, `more_channels` the others of a model that needs several. `offered` is the last model
    that a training offered: a newer one is chosen by itself.
    """

    scope: str = VOLUME
    volume: str = node_field()
    more_channels: List[str] = node_list_field()
    folder: str = ""
    output_folder: str = ""
    model: str = ""
    offered: str = ""
    results: List[str] = field(default_factory=list)
