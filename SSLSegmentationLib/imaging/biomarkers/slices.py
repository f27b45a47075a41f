"""Cross-sectional area of every tissue in every slice, for a plot along the body or for one named slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.biomarkers.area import pixel_area_mm2
from SSLSegmentationLib.imaging.biomarkers.measuring import tissues_to_list
from SSLSegmentationLib.imaging.biomarkers.region import find_boxes, slice_axis_of
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap

# A position this far beyond the outer face of the outermost slice, in slices, still lies on it: rounding of headers.
ROUNDING = 0.001


@dataclass(frozen=True)
class SliceAreas:
    """Areas in mm² by tissue name, one per slice; a slice without the tissue has 0, a tissue that is absent has None.

    `positions_mm` is each slice's place along `axis_name` (R-L, A-P or I-S; larger is left, back, head) in LPS world space,
    and `step_mm` the distance from one to the next. `by_label` has the areas of the tissues that are there by label value,
    as two tissues may share a name.
    """

    slice_axis: int
    axis_name: str
    positions_mm: Tuple[float, ...]
    areas_mm2: Dict[str, Optional[Tuple[float, ...]]]
    by_label: Dict[int, Tuple[float, ...]]
    step_mm: float

    @property
    def positions_ras_mm(self) -> Tuple[float, ...]:
        """The positions as viewers show them: larger is right, front, head."""
        if self.axis_name == "I-S":
            return self.positions_mm
        return tuple(0.0 - position for position in self.positions_mm)

    def nearest_slice(self, position_mm: float) -> int:
        """Index of the slice that lies closest to a position along the axis."""
        return int(np.argmin(np.abs(np.array(self.positions_mm) - position_mm)))

    def at(self, index: int) -> Dict[str, Optional[float]]:
        """Area of each tissue in one slice, counted from 0. Raises `usage.arguments` outside the scan."""
        if not 0 <= index < len(self.positions_mm):
            raise SSLSegmentationError(
                "usage.arguments", f"There is no slice {index}; the scan has slices 0 to {len(self.positions_mm) - 1}."
            )
        return {name: None if areas is None else areas[index] for name, areas in self.areas_mm2.items()}

    def find(self, position: Union[int, float], *, name: str = "the scan") -> int:
        """Index of a slice: `position` is the index itself (int), or a place in RAS mm (float) that lies in the scan.

        Raises `usage.arguments` with the range of the scan `name` where it has no such slice.
        """
        places = self.positions_ras_mm
        if isinstance(position, (int, np.integer)):
            inside, index, asked = 0 <= position < len(places), int(position), f"slice {position}"
        else:
            index = self.nearest_slice(position if self.axis_name == "I-S" else -position)
            inside = abs(position - places[index]) <= (0.5 + ROUNDING) * self.step_mm
            asked = f"slice at {position:g} mm"
        if not inside:
            raise SSLSegmentationError(
                "usage.arguments",
                f"There is no {asked} in {name}: it has slices 0 to {len(places) - 1}, with centres from {min(places):g} to "
                f"{max(places):g} mm along {self.axis_name} (RAS).",
                hint="Choose an index or a position in this range.",
            )
        return index


def _positions(geometry: Geometry, axis: int) -> Tuple[int, Tuple[float, ...], float]:
    """World axis (0 x, 1 y, 2 z) that the slice axis runs along, each slice centre's coordinate on it, and the step."""
    matrix = geometry.matrix
    column = matrix[:3, 2 - axis]
    world = int(np.argmax(np.abs(column)))
    middle = (np.array(geometry.shape[::-1]) - 1) / 2
    middle[2 - axis] = 0
    start = (matrix[:3, :3] @ middle + matrix[:3, 3])[world]
    positions = tuple(float(start + column[world] * index) for index in range(geometry.shape[axis]))
    return world, positions, float(abs(column[world]))


def measure_slices(label_map: LabelMap, *, tissues: Optional[TissueTable] = None) -> SliceAreas:
    """Area of each tissue of the table (by default the label map's own) in each slice."""
    geometry = label_map.geometry
    axis = slice_axis_of(geometry)
    boxes = find_boxes(label_map.array)
    others = tuple(number for number in range(3) if number != axis)
    pixel = pixel_area_mm2(geometry, slice_axis=axis)
    areas: Dict[str, Optional[Tuple[float, ...]]] = {}
    by_label: Dict[int, Tuple[float, ...]] = {}
    for tissue in tissues_to_list(boxes, tissues=label_map.tissues if tissues is None else tissues):
        box = boxes.get(tissue.value)
        if box is None:
            areas[tissue.name] = None
            continue
        counts: List[int] = [0] * geometry.shape[axis]
        counts[box[axis]] = np.count_nonzero(label_map.array[box] == tissue.value, axis=others).tolist()
        by_label[tissue.value] = areas[tissue.name] = tuple(count * pixel for count in counts)
    world, positions, step = _positions(geometry, axis)
    return SliceAreas(axis, ("R-L", "A-P", "I-S")[world], positions, areas, by_label, step)
