"""What is measured: name, unit and meaning of every measure, the row of a table, and the states of a row.

The order of the tables is the order of the columns of a CSV file. Names are relied on from outside and never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Tuple

# The states of a row, in the order in which they are joined.
ABSENT = "absent"
NOT_APPLICABLE = "not_applicable"
TOO_FEW_VOXELS = "too_few_voxels"
TOUCHES_BORDER = "touches_border"

STATES: Dict[str, str] = {
    ABSENT: "The tissue is not there: it has no measures. In a comparison: the reference has it, the prediction missed it.",
    NOT_APPLICABLE: "There is nothing to compare with: the reference does not have the tissue.",
    TOO_FEW_VOXELS: "The tissue has fewer than 10 voxels: its measures are given, but mean little.",
    TOUCHES_BORDER: "The tissue touches an outer face of the volume and may go on beyond it: all measures are given.",
}

# Below this number of voxels a row gets the state `too_few_voxels`.
FEW_VOXELS = 10


@dataclass(frozen=True)
class Measure:
    """One column: `name` as in the CSV file, `unit` ("" for a pure number), a short `title`, one sentence of `help`.

    The units `image` and `map` stand for those of the image (HU on CT, arbitrary on MRI) and of the extra map (ms for T2).
    """

    name: str
    unit: str
    title: str
    help: str


@dataclass(frozen=True)
class MeasureRow:
    """The measures of one tissue of one scan. `values` maps a measure's name to its value; None where it can't be had."""

    scan: str
    tissue: str
    label: int
    states: Tuple[str, ...]
    values: Mapping[str, Optional[float]]

    @property
    def state(self) -> str:
        """As in the CSV file: empty, or several joined by ";"."""
        return ";".join(self.states)


def _table(*measures: Measure) -> Dict[str, Measure]:
    return {measure.name: measure for measure in measures}


BIOMARKER_MEASURES: Dict[str, Measure] = _table(
    Measure("voxels", "", "Voxels", "Number of voxels of the tissue."),
    Measure("volume_ml", "mL", "Volume", "Number of voxels times the volume of a voxel."),
    Measure("mean", "image", "Mean", "Mean of the image over all voxels of the tissue."),
    Measure("sd", "image", "SD", "Standard deviation of the population of voxels (divided by their number)."),
    Measure("median", "image", "Median", "Median of the image in the tissue."),
    Measure("p05", "image", "5th percentile", "5th percentile of the image in the tissue, linear between voxels."),
    Measure("p95", "image", "95th percentile", "95th percentile of the image in the tissue, linear between voxels."),
    Measure("csa_mean_mm2", "mm²", "Mean area", "Mean cross-sectional area over the slices that hold the tissue."),
    Measure("csa_max_mm2", "mm²", "Largest area", "Largest cross-sectional area of all slices."),
    Measure("csa_max_slice", "", "Slice of largest area", "Index, from 0 along the slice axis, of the slice of largest area."),
)

# The columns that naming one slice adds behind all others.
SLICE_MEASURES: Dict[str, Measure] = _table(
    Measure(
        "csa_slice_mm2", "mm²", "Area in the slice", "Cross-sectional area in the named slice; 0 if the tissue is elsewhere."
    ),
    Measure("csa_slice_index", "", "Named slice", "Index, from 0 along the slice axis, of the named slice."),
)

AGREEMENT_MEASURES: Dict[str, Measure] = _table(
    Measure("dice", "", "Dice", "Twice the common voxels over the sum of both; 0 where one of the two lacks the tissue."),
    Measure("hausdorff95_mm", "mm", "Hausdorff 95", "Larger of both 95th percentiles of the distances from surface to surface."),
    Measure("assd_mm", "mm", "Surface distance", "Mean distance between the two surfaces, over the voxels of both."),
    Measure(
        "volume_error_percent", "%", "Volume error", "Volume of the prediction less that of the reference, in percent of it."
    ),
    Measure("csa_max_error_percent", "%", "Area error", "Same for the largest cross-sectional area."),
    Measure("mean_error_percent", "%", "Mean error", "Same for the mean of the image, in percent of its absolute value."),
    Measure("mean_error", "image", "Mean difference", "Mean of the image in the prediction less that in the reference."),
    Measure("prediction_ml", "mL", "Predicted volume", "Volume of the tissue in the prediction; empty where it is absent."),
    Measure("reference_ml", "mL", "Reference volume", "Volume of the tissue in the reference; empty where it is absent."),
)


def map_measures(name: str) -> Tuple[Measure, ...]:
    """The columns of one extra map, for example a T2 map."""
    return (
        Measure(f"{name}_mean", "map", f"{name} mean", f"Mean of {name} over the voxels of the tissue that have a value."),
        Measure(f"{name}_sd", "map", f"{name} SD", f"Standard deviation (population) of {name} over the same voxels."),
        Measure(f"{name}_median", "map", f"{name} median", f"Median of {name} over the same voxels."),
        Measure(f"{name}_missing_voxels", "", f"{name} missing", f"Voxels of the tissue in which {name} is NaN or infinite."),
    )


def states_of(*, voxels: int, touches_border: bool) -> Tuple[str, ...]:
    """The states of a tissue that has this many voxels."""
    if voxels == 0:
        return (ABSENT,)
    states = (TOO_FEW_VOXELS,) if voxels < FEW_VOXELS else ()
    return (*states, TOUCHES_BORDER) if touches_border else states
