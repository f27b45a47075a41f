"""What the panel Runs remembers."""

from __future__ import annotations

from dataclasses import dataclass

from SSLSegmentationLib.gui.state import node_field, path_field


@dataclass
class RunsState:
    """`selected`: the folder of the run that is shown, "" for none. `table` and `chart` hold its curve."""

    selected: str = path_field()
    table: str = node_field()
    chart: str = node_field()
