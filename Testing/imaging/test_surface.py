"""Closed surfaces: where the voxels are, as large as they are, whatever the grid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.imaging.biomarkers.region import find_boxes
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.surface import Surface, SurfaceSettings, closed_surface

from .making import random_geometry

RADIUS_MM = 24.0
UNSMOOTHED = SurfaceSettings(smoothing=0.0)


def ball(seed: int, *, left_handed: bool = False) -> tuple[np.ndarray, Geometry, np.ndarray]:
    """A ball as label 3 of an oblique, anisotropic grid that is cut close to it, and its centre in RAS mm."""
    grid = random_geometry(np.random.default_rng(seed), (1, 1, 1), left_handed=left_handed)
    spacing = tuple(0.7 + 0.5 * size / max(grid.spacing) for size in grid.spacing)
    shape = tuple(math.ceil(2 * RADIUS_MM / size) + 4 for size in reversed(spacing))
    geometry = Geometry(shape, spacing, grid.origin, grid.direction)
    index = np.indices(shape)[::-1].reshape(3, -1)
    centre = (np.array(shape[::-1]) - 1) / 2
    distance = np.linalg.norm((index.T - centre) * spacing, axis=1).reshape(shape)
    affine = geometry.affine_ras
    return np.where(distance < RADIUS_MM, 3, 0).astype(np.uint8), geometry, affine[:3, :3] @ centre + affine[:3, 3]


def surface_of(labels: np.ndarray, geometry: Geometry, settings: Any = UNSMOOTHED, value: int = 3) -> Surface:
    box = find_boxes(labels).get(value)
    return closed_surface(labels, value, box=box, affine_ras=geometry.affine_ras, settings=settings)


def corners(surface: Surface) -> np.ndarray:
    """(triangle, corner, axis)."""
    return surface.points.astype(float)[surface.triangles]


def area_mm2(surface: Surface) -> float:
    first, second, third = np.moveaxis(corners(surface), 1, 0)
    return float(np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2)


def volume_mm3(surface: Surface) -> float:
    """Positive where the triangles are seen counter-clockwise from outside."""
    first, second, third = np.moveaxis(corners(surface) - surface.points.mean(axis=0), 1, 0)
    return float(np.einsum("ij,ij->i", first, np.cross(second, third)).sum() / 6)


def edges_with_two_triangles(surface: Surface) -> bool:
    edges = np.sort(surface.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return bool((np.unique(edges, axis=0, return_counts=True)[1] == 2).all())


@pytest.mark.parametrize("left_handed", [False, True])
def test_a_smoothed_ball_has_the_place_the_area_and_the_volume_of_the_ball(left_handed: bool) -> None:
    labels, geometry, centre = ball(4, left_handed=left_handed)
    surface = surface_of(labels, geometry, SurfaceSettings())
    assert (surface.points.dtype, surface.triangles.dtype, surface.normals.dtype) == (np.float32, np.int32, np.float32)
    distances = np.linalg.norm(surface.points - centre, axis=1)
    assert abs(distances - RADIUS_MM).max() < max(geometry.spacing)
    assert area_mm2(surface) == pytest.approx(4 * math.pi * RADIUS_MM**2, rel=0.02)
    sign = -1 if left_handed else 1
    assert sign * volume_mm3(surface) == pytest.approx(4 / 3 * math.pi * RADIUS_MM**3, rel=0.02)
    assert edges_with_two_triangles(surface)
    outwards = np.einsum("ij,ij->i", surface.normals, (surface.points - centre) / distances[:, None])
    assert (sign * outwards).min() > 0.9


def test_without_smoothing_every_point_lies_between_two_voxels() -> None:
    labels, geometry, _centre = ball(5)
    surface = surface_of(labels, geometry)
    inverse = np.linalg.inv(geometry.affine_ras)
    index = surface.points @ inverse[:3, :3].T + inverse[:3, 3]
    halves = np.abs(index - np.rint(index)) > 0.25
    assert (halves.sum(axis=1) == 1).all()
    rough, smooth = area_mm2(surface), area_mm2(surface_of(labels, geometry, SurfaceSettings()))
    assert rough > 1.05 * smooth


def test_a_single_voxel_has_eight_faces_half_a_voxel_away() -> None:
    labels = np.zeros((3, 4, 5), np.uint16)
    labels[1, 2, 3] = 700
    surface = surface_of(labels, Geometry((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), tuple(np.eye(3).reshape(-1))), value=700)
    assert len(surface.triangles) == 8
    # LPS (3, 2, 1) is RAS (-3, -2, 1).
    assert np.linalg.norm(surface.points - (-3, -2, 1), axis=1) == pytest.approx([0.5] * 6)


def test_a_tissue_at_the_border_and_beside_another_one_is_closed() -> None:
    labels = np.zeros((6, 7, 8), np.uint8)
    labels[:, :, :4], labels[:, :, 4:] = 1, 2
    geometry = random_geometry(np.random.default_rng(1), labels.shape)
    for value in (1, 2):
        assert edges_with_two_triangles(surface_of(labels, geometry, SurfaceSettings(), value))


def test_decimation_leaves_triangles_out_and_normals_are_left_out_on_request() -> None:
    labels, geometry, _centre = ball(6)
    whole = surface_of(labels, geometry)
    some = surface_of(labels, geometry, SurfaceSettings(smoothing=0.5, decimation=0.5, normals=False))
    assert some.normals is None
    assert len(some.triangles) == pytest.approx(len(whole.triangles) / 2, rel=0.02)


def test_a_label_that_is_not_there_has_an_empty_surface() -> None:
    labels, geometry, _centre = ball(7)
    surface = surface_of(labels, geometry, SurfaceSettings(), value=9)
    assert surface.points.shape == surface.triangles.shape == surface.normals.shape == (0, 3)
