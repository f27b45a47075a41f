"""What a file is understood to be: geometry, values and a hash that is the same however the axes are stored.

The hash is of the voxels turned to the closest right-anterior-superior order, [i, j, k], C order, little-endian float32.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.imaging.geometry import FloatArray, Geometry
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.readers.label_map import present_values
from SSLSegmentationLib.imaging.regrid import reorient_array, reoriented
from SSLSegmentationLib.imaging.scan import LabelMap


@dataclass(frozen=True)
class LabelFact:
    """One value of a label map."""

    value: int
    name: str
    voxels: int


@dataclass(frozen=True)
class Inspection:
    """Facts about one file. `shape`, `spacing` (mm) and `affine_ras` are those of the closest right-anterior-superior order.

    `minimum`, `maximum` and `mean` are of the finite voxels, None where there are none. `labels` are the values of the
    label map (of `label_map` where one was given, else of the file itself if it is a segmentation).
    """

    path: str
    kind: str
    shape: Tuple[int, int, int]
    spacing: Tuple[float, ...]
    affine_ras: Tuple[Tuple[float, ...], ...]
    minimum: Optional[float]
    maximum: Optional[float]
    mean: Optional[float]
    n_not_finite: int
    labels: Tuple[LabelFact, ...]
    warnings: Tuple[str, ...]
    sha256: str
    label_map: Optional["Inspection"] = None

    def as_dict(self) -> Dict[str, Any]:
        """For JSON. `label_map` is there only where label map was given."""
        facts: Dict[str, Any] = {
            "path": self.path, "kind": self.kind, "shape": list(self.shape), "spacing": list(self.spacing),
            "affine_ras": [list(row) for row in self.affine_ras], "min": self.minimum, "max": self.maximum, "mean": self.mean,
            "n_not_finite": self.n_not_finite,
            "labels": [{"value": label.value, "name": label.name, "voxels": label.voxels} for label in self.labels],
            "warnings": list(self.warnings), "sha256": self.sha256,
        }  # fmt: skip
        if self.label_map is not None:
            facts["label_map"] = self.label_map.as_dict()
        return facts


def inspect(path: PathLike, *, labels: Optional[PathLike] = None) -> Inspection:
    """Reads a scan (a .seg.nrrd as a label map) and, with `labels`, a label map on its grid.

    Raises `SSLSegmentationError` (`data.*`) where the file, the label map or their pair is refused.
    """
    if Path(path).name.lower().endswith(".seg.nrrd"):
        facts, geometry = _label_map_facts(read_label_map(path), path)
    else:
        scan = read_scan(path)
        geometry = scan.geometry
        facts = _facts(path, "scan", scan.array, geometry, labels=(), warnings=scan.warnings)
    if labels is None:
        return facts
    nested, _ = _label_map_facts(read_label_map(labels, onto=geometry), labels)
    return Inspection(
        **{**vars(facts), "labels": nested.labels, "warnings": facts.warnings + nested.warnings, "label_map": nested}
    )


def _label_map_facts(label_map: LabelMap, path: PathLike) -> Tuple[Inspection, Geometry]:
    names = {tissue.value: tissue.name for tissue in label_map.tissues}
    present = tuple(LabelFact(value, names[value], count) for value, count in zip(*present_values(label_map.array)))
    return _facts(path, "label map", label_map.array, label_map.geometry, present, label_map.warnings), label_map.geometry


def _facts(
    path: PathLike,
    kind: str,
    array: npt.NDArray[Any],
    geometry: Geometry,
    labels: Tuple[LabelFact, ...],
    warnings: Tuple[str, ...],
) -> Inspection:
    axes, signs = closest_ras(geometry)
    turned = reoriented(geometry, axes, signs)
    by_index = reorient_array(array, axes, signs).transpose(2, 1, 0)
    values = np.ascontiguousarray(by_index, dtype="<f4")
    finite = values[np.isfinite(values)].astype(np.float64)
    affine = turned.affine_ras
    return Inspection(
        path=str(path),
        kind=kind,
        shape=(values.shape[0], values.shape[1], values.shape[2]),
        spacing=tuple(round(float(value), 6) for value in np.sqrt((affine[:3, :3] ** 2).sum(0))),
        affine_ras=tuple(tuple(round(float(value), 6) + 0.0 for value in row) for row in affine),
        minimum=float(finite.min()) if finite.size else None,
        maximum=float(finite.max()) if finite.size else None,
        mean=round(float(finite.mean()), 6) if finite.size else None,
        n_not_finite=int(values.size - finite.size),
        labels=labels,
        warnings=warnings,
        sha256=hashlib.sha256(values.tobytes()).hexdigest(),
    )


def closest_ras(geometry: Geometry) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """For right, anterior and superior the index axis (i, j, k) that runs closest along it, and its sign.

    Axes are given out from the most to the least clearly oriented one, each world axis once.
    """
    cosines: FloatArray = np.diag([-1.0, -1.0, 1.0]) @ np.array(geometry.direction).reshape(3, 3)
    left: FloatArray = np.abs(cosines)
    axes: List[int] = [0, 0, 0]
    signs: List[int] = [1, 1, 1]
    for index in np.argsort(-np.abs(cosines).max(axis=0), kind="stable"):
        world = int(left[:, index].argmax())
        axes[world] = int(index)
        signs[world] = 1 if cosines[world, index] > 0 else -1
        left[world, :] = -1.0
    return tuple(axes), tuple(signs)
