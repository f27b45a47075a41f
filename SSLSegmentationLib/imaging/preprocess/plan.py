"""The preprocessing that a run decided on: every "auto" resolved, kept with the model so that prediction repeats it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np

from SSLSegmentationLib.contract.config.sections import Config
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess.orientation import SLICE_AXES, array_spacing, turn_to_lps

# The slice axis is found by itself where its spacing is at least this many times the next largest.
CLEARLY_LARGER = 1.5
# Neighbouring slices join by themselves where they lie at most this many pixels apart.
CLOSE_SLICES = 3.0

Spacing = Tuple[float, float, float]


@dataclass(frozen=True)
class PreprocessPlan:
    """How scans become arrays.

    `windows` are (width, level) in HU, used by "ct_windows" only; `spacing` is that of the prepared grid (slices, rows,
    columns) in mm, or None to keep each scan's own; `channels` counts the image files of a case; `neighbour_slices` is
    what a 2D network gets on each side (batches are cut with it, `prepare` does not repeat slices).
    """

    normalisation: str
    windows: Tuple[Tuple[float, float], ...]
    spacing: Optional[Spacing]
    slice_axis: str
    channels: int
    neighbour_slices: int = 0

    @property
    def prepared_channels(self) -> int:
        """Channels of a prepared image: one per file, or one per file and CT window."""
        return self.channels * (len(self.windows) if self.normalisation == "ct_windows" else 1)

    def as_dict(self) -> Dict[str, Any]:
        """Plain values for JSON."""
        plain = asdict(self)
        plain["windows"] = [list(window) for window in self.windows]
        plain["spacing"] = None if self.spacing is None else list(self.spacing)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "PreprocessPlan":
        """The plan that `as_dict` wrote."""
        spacing = plain["spacing"]
        return cls(
            normalisation=str(plain["normalisation"]),
            windows=tuple((float(width), float(level)) for width, level in plain["windows"]),
            spacing=None if spacing is None else (float(spacing[0]), float(spacing[1]), float(spacing[2])),
            slice_axis=str(plain["slice_axis"]),
            channels=int(plain["channels"]),
            neighbour_slices=int(plain["neighbour_slices"]),
        )


def plan_preprocessing(config: Config, geometries: Sequence[Geometry], *, channels: int = 1) -> PreprocessPlan:
    """Resolves every "auto" of `config.preprocess` from the grids of the cases (one per case; at least one).

    The slice axis and the spacing come from the median spacing over the cases, along world axes.
    """
    settings = config.preprocess
    normalisation = settings.normalisation
    if normalisation == "auto":
        normalisation = "ct_windows" if config.data.modality == "ct" else "zscore"
    slice_axis = settings.slice_axis if settings.slice_axis != "auto" else _widest_axis(geometries)
    spacing: Optional[Spacing] = None
    if settings.spacing == "auto":
        spacing = _median_spacing(geometries, slice_axis)
    elif not isinstance(settings.spacing, str):
        spacing = (float(settings.spacing[0]), float(settings.spacing[1]), float(settings.spacing[2]))
    plan = PreprocessPlan(
        normalisation=normalisation,
        windows=tuple((float(width), float(level)) for width, level in settings.windows),
        spacing=spacing,
        slice_axis=slice_axis,
        channels=channels,
    )
    neighbours = settings.neighbour_slices
    if isinstance(neighbours, str):
        neighbours = int(config.network.dims == 2 and _neighbours_help(plan, geometries))
    return replace(plan, neighbour_slices=neighbours)


def _neighbours_help(plan: PreprocessPlan, geometries: Sequence[Geometry]) -> bool:
    """Whether there are neighbours that show much the same, and few enough channels that they cost little."""
    slices, rows, columns = plan.spacing or _median_spacing(geometries, plan.slice_axis)
    most = max(turn_to_lps(geometry, plan.slice_axis).reorder(geometry.shape)[0] for geometry in geometries)
    return plan.prepared_channels == 1 and most > 1 and slices <= CLOSE_SLICES * min(rows, columns)


def _median_spacing(geometries: Sequence[Geometry], slice_axis: str) -> Spacing:
    """Median spacing over the cases in the prepared order (slices, rows, columns), in mm."""
    rows = [turn_to_lps(geometry, slice_axis).reorder(array_spacing(geometry)) for geometry in geometries]
    median = np.median(np.array(rows, dtype=float), axis=0)
    return (float(median[0]), float(median[1]), float(median[2]))


def _widest_axis(geometries: Sequence[Geometry]) -> str:
    """Name of the plane across the axis of the clearly largest median spacing, else "axial"."""
    median = _median_spacing(geometries, "axial")
    widest = int(np.argmax(median))
    others = max(value for axis, value in enumerate(median) if axis != widest)
    if median[widest] < CLEARLY_LARGER * others:
        return "axial"
    return next(name for name, axis in SLICE_AXES.items() if axis == widest)
