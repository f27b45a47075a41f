"""`ct_l3`: one abdominal CT slice, or a few, at the third lumbar vertebra, as body composition is measured."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

import numpy as np

from SSLSegmentationLib.imaging.phantoms.abdomen_anatomy import VERTEBRA_MM, abdomen_of
from SSLSegmentationLib.imaging.phantoms.ct_body import FIELD_OF_VIEW_MM, make_ct_body
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom

SLICE_MM = 5.0
# Where the middle of L3 lies on average, and how far from its own middle a person may place the slice.
L3_MM = -17.0
MISPLACED_MM = 7.0


def _middle_of_l3(seed: int) -> float:
    """Height of the slice: near the middle of the vertebral body that lies closest to where L3 is expected."""
    spine = abdomen_of(seed).spine_z
    middle = spine + VERTEBRA_MM * np.rint((L3_MM - spine) / VERTEBRA_MM)
    return float(middle + np.random.default_rng([seed, 2]).uniform(-MISPLACED_MM, MISPLACED_MM))


def make_ct_l3(*, seed: int, shape: Sequence[int] = (1, 128, 128), spacing: Optional[Sequence[float]] = None) -> Phantom:
    """The same patients as `ct_body`, cut at L3. `shape` (slices, rows, columns), `spacing` (columns, rows, slices) in mm."""
    _, rows, columns = shape
    if spacing is None:
        spacing = (FIELD_OF_VIEW_MM / columns, FIELD_OF_VIEW_MM / rows, SLICE_MM)
    phantom = make_ct_body(seed=seed, shape=shape, spacing=spacing, centre_mm=_middle_of_l3(seed))
    tissues: Dict[str, Dict[str, Any]] = {
        # A slice holds a part of each kidney: the volume of the whole one says nothing about it.
        name: {key: value for key, value in facts.items() if key != "analytic_volume_ml"}
        for name, facts in phantom.truth["tissues"].items()
    }
    return Phantom(phantom.scans, phantom.label_map, phantom.tissues, {**phantom.truth, "tissues": tissues})
