"""Where the voxels of a scan lie: one frozen value object, and the only place that multiplies geometry matrices."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

# Two grids are the same when no corner of one lies further than this from its counterpart, in voxels.
SAME_GRID_VOXELS = 0.01
# Largest |cosine| between two axes that still counts as orthogonal.
ORTHOGONAL_COSINE = 1e-3

Vector = Tuple[float, float, float]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """Grid of a 3D scan in LPS world space, in mm, as SimpleITK has it.

    `shape` is (slices, rows, columns), the shape of the array; `spacing`, `origin` and the columns of `direction`
    (nine numbers, row by row) are in SimpleITK's order i (columns), j (rows), k (slices).
    """

    shape: Tuple[int, int, int]
    spacing: Vector
    origin: Vector
    direction: Tuple[float, ...]

    @property
    def matrix(self) -> FloatArray:
        """4×4 matrix from voxel index (i, j, k) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.array(self.direction, dtype=float).reshape(3, 3) * np.array(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    @property
    def affine_ras(self) -> FloatArray:
        """4×4 matrix from voxel index (i, j, k) to RAS mm."""
        affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.matrix
        return affine

    @property
    def voxel_volume_mm3(self) -> float:
        return float(np.prod(self.spacing))

    def corners(self) -> FloatArray:
        """The eight outermost voxel centres in LPS mm, shape (8, 3)."""
        slices, rows, columns = self.shape
        index = np.array(list(itertools.product((0, columns - 1), (0, rows - 1), (0, slices - 1))), dtype=float)
        corners: FloatArray = index @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return corners

    def largest_shift(self, other: "Geometry") -> float:
        """Largest distance between corresponding corners, in voxels of the smaller spacing (infinite for other shapes)."""
        if self.shape != other.shape:
            return float("inf")
        inverse = np.linalg.inv(self.matrix[:3, :3])
        return float(np.abs((other.corners() - self.corners()) @ inverse.T).max())

    def same_grid(self, other: "Geometry") -> bool:
        """Equal shape and no corner further than `SAME_GRID_VOXELS` from its counterpart."""
        return self.largest_shift(other) <= SAME_GRID_VOXELS

    @classmethod
    def from_matrix(cls, matrix: FloatArray, shape: Tuple[int, int, int]) -> "Geometry":
        """From a 4×4 matrix (i, j, k) → LPS mm with orthogonal columns, and the array's shape."""
        columns = np.asarray(matrix, dtype=float)[:3, :3]
        spacing = np.linalg.norm(columns, axis=0)
        direction = tuple(float(value) for value in (columns / spacing).reshape(-1))
        origin = (float(matrix[0, 3]), float(matrix[1, 3]), float(matrix[2, 3]))
        return cls(shape, (float(spacing[0]), float(spacing[1]), float(spacing[2])), origin, direction)
