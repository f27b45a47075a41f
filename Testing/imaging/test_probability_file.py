"""The 4D probability file: the right numbers in the right place, read by others."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.writers import write_probabilities

OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, -1.0)


def test_nibabel_and_simpleitk_read_what_was_written(tmp_path: Path) -> None:
    geometry = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-12.0, 31.5, 7.0), OBLIQUE)
    values = np.random.default_rng(0).random((3, 4, 5, 6), dtype=np.float32)
    path = tmp_path / "Größe__probabilities.nii.gz"
    write_probabilities(path, values, geometry)
    image = nibabel.load(path)
    assert image.shape == (6, 5, 4, 3)
    assert np.array_equal(np.asarray(image.dataobj), values.transpose(3, 2, 1, 0))
    assert np.abs(image.affine - geometry.affine_ras).max() < 1e-5
    other = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(other), values)
    assert np.allclose(other.GetSpacing()[:3], geometry.spacing, atol=1e-6)
    assert np.allclose(other.GetOrigin()[:3], geometry.origin, atol=1e-5)
    assert np.allclose(np.array(other.GetDirection()).reshape(4, 4)[:3, :3].reshape(-1), OBLIQUE, atol=1e-6)


def test_equal_probabilities_are_equal_files(tmp_path: Path) -> None:
    geometry = Geometry((2, 3, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), OBLIQUE)
    values = np.full((1, 2, 3, 4), 0.25, dtype=np.float32)
    write_probabilities(tmp_path / "a.nii.gz", values, geometry)
    write_probabilities(tmp_path / "b.nii.gz", values, geometry)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz", "b.nii.gz"]
