"""Cases and other programs' metrics to compare with: MONAI and SimpleITK."""

from __future__ import annotations

import math
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np
import SimpleITK as sitk  # noqa: N813  # the usual name
from scipy import ndimage

# The family in which SimpleITK's Hausdorff distance, over all voxels, is not that between surfaces.
HOLLOW = "hollow against solid"


class MaskPair(NamedTuple):
    """Two masks (slices, rows, columns) and their spacing in mm in the same order."""

    family: str
    prediction: np.ndarray
    reference: np.ndarray
    spacing: Tuple[float, float, float]


def _blob(rng: np.random.Generator, shape: Tuple[int, int, int], *, share: float, smooth: float) -> np.ndarray:
    field = ndimage.gaussian_filter(rng.normal(size=shape), smooth)
    return field > np.quantile(field, 1 - share)


def _box(shape: Tuple[int, int, int], *parts: Tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(*part) for part in parts)] = True
    return mask


def mask_pairs(seed: int = 0, rounds: int = 6) -> Iterator[MaskPair]:
    """Random and awkward pairs, by family."""
    rng = np.random.default_rng(seed)
    cubic, flat_voxels = (1.0, 1.0, 1.0), (5.0, 0.7, 0.9)
    shape = (14, 22, 18)
    for _ in range(rounds):
        first, second = (_blob(rng, shape, share=0.2, smooth=2) for _ in range(2))
        moved = np.roll(first, (1, 2, -1), axis=(0, 1, 2))
        yield MaskPair("random blobs", first, second, cubic)
        yield MaskPair("random blobs, anisotropic", first, second, flat_voxels)
        yield MaskPair("shifted blobs, anisotropic", first, moved, flat_voxels)
        yield MaskPair("single voxels at random", rng.random(shape) < 0.1, rng.random(shape) < 0.1, flat_voxels)
        dense = rng.random(shape) < 0.6
        yield MaskPair("dense noise", dense, rng.random(shape) < 0.6, cubic)
        single = _blob(rng, (1, 40, 30), share=0.2, smooth=3)
        yield MaskPair("one slice", single, np.roll(single, (3, 2), axis=(1, 2)), flat_voxels)
        yield MaskPair("two slices", np.repeat(single, 2, axis=0), np.roll(np.repeat(single, 2, axis=0), 2, axis=1), flat_voxels)
    whole = np.ones(shape, dtype=bool)
    inner = _box(shape, (4, 9), (6, 14), (5, 11))
    yield MaskPair("touching every border", whole, inner, flat_voxels)
    yield MaskPair("touching every border", whole, whole, flat_voxels)
    yield MaskPair("touching a border", _box(shape, (0, 4), (0, 9), (0, 7)), _box(shape, (0, 5), (1, 9), (0, 6)), flat_voxels)
    yield MaskPair("equal", inner, inner, flat_voxels)
    yield MaskPair("nested", inner, _box(shape, (1, 13), (2, 20), (2, 16)), cubic)
    solid = _box(shape, (2, 12), (3, 19), (3, 15))
    yield MaskPair(HOLLOW, solid & ~_box(shape, (3, 11), (4, 18), (4, 14)), solid, cubic)
    yield MaskPair("disjoint", _box(shape, (0, 3), (1, 5), (2, 4)), _box(shape, (10, 13), (15, 20), (12, 17)), flat_voxels)
    yield MaskPair("one voxel", _box(shape, (3, 4), (4, 5), (5, 6)), _box(shape, (9, 10), (18, 19), (2, 3)), flat_voxels)
    yield MaskPair("one voxel", _box(shape, (3, 4), (4, 5), (5, 6)), inner, flat_voxels)
    yield MaskPair("one voxel", _box(shape, (0, 1), (0, 1), (0, 1)), _box(shape, (13, 14), (21, 22), (17, 18)), flat_voxels)


def _known(value: float) -> Optional[float]:
    return None if math.isnan(value) or math.isinf(value) else value


def monai_metrics(pair: MaskPair) -> Dict[str, Optional[float]]:
    """Dice, Hausdorff 95 and average surface distance as MONAI gives them; a single slice goes in as 2D."""
    import torch
    from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance

    drop = 0 if pair.prediction.shape[0] == 1 else None
    masks = [mask[0] if drop == 0 else mask for mask in (pair.prediction, pair.reference)]
    spacing = list(pair.spacing[1:] if drop == 0 else pair.spacing)
    ours, theirs = (torch.from_numpy(mask.astype(np.float64))[None, None] for mask in masks)
    options = {"include_background": True, "spacing": spacing}
    return {
        "dice": _known(float(compute_dice(ours, theirs, include_background=True, ignore_empty=True))),
        "hausdorff95_mm": _known(float(compute_hausdorff_distance(ours, theirs, percentile=95, **options))),
        "hausdorff_mm": _known(float(compute_hausdorff_distance(ours, theirs, **options))),
        "assd_mm": _known(float(compute_average_surface_distance(ours, theirs, symmetric=True, **options))),
    }


def monai_surface_metrics(pair: MaskPair) -> Dict[str, Optional[float]]:
    """The same distances from MONAI's surfaces in float64: MONAI itself rounds distances and percentiles to float32."""
    import torch
    from monai.metrics.utils import get_mask_edges

    drop = pair.prediction.shape[0] == 1
    spacing = pair.spacing[1:] if drop else pair.spacing
    masks = [torch.from_numpy(mask[0] if drop else mask) for mask in (pair.prediction, pair.reference)]
    first, second = (np.asarray(edge).astype(bool) for edge in get_mask_edges(*masks))
    ways = (
        ndimage.distance_transform_edt(~second, sampling=spacing)[first],
        ndimage.distance_transform_edt(~first, sampling=spacing)[second],
    )
    return {
        "hausdorff95_mm": max(float(np.percentile(way, 95)) for way in ways),
        "hausdorff_mm": max(float(way.max()) for way in ways),
        "assd_mm": float(np.concatenate(ways).mean()),
    }


def simpleitk_metrics(pair: MaskPair) -> Dict[str, Optional[float]]:
    """Dice and Hausdorff distance (over all voxels, not over surfaces) as SimpleITK gives them."""
    images = []
    for mask in (pair.prediction, pair.reference):
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.SetSpacing(pair.spacing[::-1])
        images.append(image)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    if not pair.prediction.any() or not pair.reference.any():
        # Its Hausdorff filter refuses an empty image.
        return {"dice": _known(overlap.GetDiceCoefficient()), "hausdorff_mm": None}
    distance = sitk.HausdorffDistanceImageFilter()
    distance.Execute(*images)
    return {"dice": overlap.GetDiceCoefficient(), "hausdorff_mm": distance.GetHausdorffDistance()}
