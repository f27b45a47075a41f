"""What the panel Biomarkers remembers."""

from __future__ import annotations

from dataclasses import dataclass

from SSLSegmentationLib.gui.state import node_field


@dataclass
class BiomarkersState:
    """Nodes are given by their ids. `parameter_map` and `reference` may be empty; `table`, `agreement_table` and `chart` are
    the results that are shown. `map_unit` is the unit of the parameter map, "" where it is not known."""

    segmentation: str = node_field()
    volume: str = node_field()
    parameter_map: str = node_field()
    map_unit: str = ""
    reference: str = node_field()
    table: str = node_field()
    agreement_table: str = node_field()
    slice_table: str = node_field()
    chart: str = node_field()
