"""What the panel Apply remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from SSLSegmentationLib.gui.state import node_field, node_list_field, path_field

VOLUME, SCENE, FOLDER = "volume", "scene", "folder"


@dataclass
class ApplyState:
    """`scope`: this volume, all volumes of the scene, or a folder of scans. Nodes are given by their ids.

    `volume` is the first channel, `more_channels` the others of a model that needs several. `offered` is the last model
    that a training offered: a newer one is chosen by itself. `results` are the segmentations that were made last.
    """

    scope: str = VOLUME
    volume: str = node_field()
    more_channels: List[str] = node_list_field()
    folder: str = path_field()
    output_folder: str = path_field()
    model: str = path_field()
    offered: str = path_field()
    results: List[str] = node_list_field()
