"""NIfTI files, sound and broken."""

from __future__ import annotations

import gzip
import itertools
import os
import re
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import read_geometry, read_scan
from Testing.imaging.making import SHAPE, nifti, numbers, patched, plain_geometry, random_geometry


def refused(path: Path, code: str, *facts: str) -> str:
    with pytest.raises(SSLSegmentationError) as caught:
        read_scan(path)
    assert caught.value.code == code, caught.value
    assert caught.value.exit_code == 3
    for fact in facts:
        assert re.search(fact, caught.value.message), caught.value.message
    return caught.value.message


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize(("qform", "sform"), [(1, 1), (0, 1), (1, 0), (2, 4)])
def test_geometry_equals_simpleitk_for_oblique_grids(tmp_path: Path, left_handed: bool, qform: int, sform: int) -> None:
    rng = np.random.default_rng(qform * 10 + sform)
    for number in range(5):
        geometry = random_geometry(rng, left_handed=left_handed)
        path = nifti(tmp_path / f"{number}.nii.gz", numbers(), geometry, qform=qform, sform=sform)
        scan = read_scan(path)
        image = SimpleITK.ReadImage(str(path))
        assert np.array_equal(scan.array, SimpleITK.GetArrayFromImage(image))
        np.testing.assert_allclose(scan.geometry.spacing, image.GetSpacing(), atol=1e-6)
        np.testing.assert_allclose(scan.geometry.origin, image.GetOrigin(), atol=1e-5)
        np.testing.assert_allclose(scan.geometry.direction, image.GetDirection(), atol=1e-6)
        assert scan.geometry.same_grid(geometry)
        assert scan.warnings == ()


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_numeric_type_is_read_in_either_byte_order(tmp_path: Path, dtype: str, order: str) -> None:
    array = (numbers() % 100).astype(np.dtype(dtype).newbyteorder(order))

    def big_endian(path: Path) -> None:
        image = nib.Nifti1Image(
            array.transpose(2, 1, 0), plain_geometry().affine_ras, nib.Nifti1Header(endianness=order), dtype=dtype
        )
        image.set_qform(image.affine, 1)
        nib.save(image, path)

    path = tmp_path / "a.nii"
    big_endian(path)
    scan = read_scan(path)
    assert scan.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert scan.array.dtype.isnative
    assert np.array_equal(scan.array, array)


def test_nan_and_infinity_stay_and_are_counted(tmp_path: Path) -> None:
    array = numbers(dtype=np.float32)
    array[0, 0, 0], array[1, 2, 3] = np.nan, np.inf
    scan = read_scan(nifti(tmp_path / "a.nii.gz", array))
    assert np.isnan(scan.array[0, 0, 0]) and np.isinf(scan.array[1, 2, 3])
    assert "2 voxels are NaN or infinite" in scan.warnings[0]


def test_rescale_is_applied_as_simpleitk_does(tmp_path: Path) -> None:
    source = nifti(tmp_path / "a.nii", numbers())
    path = patched(source, tmp_path / "b.nii", 112, "<ff", 0.5, -1024.0)
    scan = read_scan(path)
    assert scan.array.dtype == np.float32
    np.testing.assert_allclose(scan.array, numbers() * 0.5 - 1024)
    np.testing.assert_allclose(scan.array, SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))


def test_rescaled_values_are_those_of_double_precision(tmp_path: Path) -> None:
    path = patched(nifti(tmp_path / "a.nii", numbers() * 137), tmp_path / "b.nii", 112, "<ff", 0.1, -3.7)
    expected = (numbers() * 137 * np.float64(np.float32(0.1)) + np.float64(np.float32(-3.7))).astype(np.float32)
    assert np.array_equal(read_scan(path).array, expected)
    assert np.array_equal(expected, nib.load(path).get_fdata().astype(np.float32).transpose(2, 1, 0))


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_a_slope_of_zero_means_not_scaled(tmp_path: Path, slope: float) -> None:
    path = patched(nifti(tmp_path / "a.nii", numbers()), tmp_path / "b.nii", 112, "<ff", slope, 7.0)
    assert np.array_equal(read_scan(path).array, numbers())


def test_a_four_dimensional_file_needs_a_choice(tmp_path: Path) -> None:
    volumes = np.stack([numbers(), numbers() + 1000])
    path = nifti(tmp_path / "a.nii.gz", volumes)
    refused(path, "data.not_3d", "holds 2 volumes")
    assert np.array_equal(read_scan(path, volume=1).array, volumes[1])
    with pytest.raises(SSLSegmentationError, match="number 2 does not exist"):
        read_scan(path, volume=2)


def test_one_volume_in_four_or_five_dimensions_is_read(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers()[np.newaxis])
    assert np.array_equal(read_scan(path).array, numbers())
    assert np.array_equal(read_scan(patched(path, tmp_path / "b.nii", 40, "<6h", 5, 7, 6, 5, 1, 1)).array, numbers())


def test_a_header_and_image_pair_is_read_and_a_missing_image_named(tmp_path: Path) -> None:
    image = nib.Nifti1Pair(numbers().transpose(2, 1, 0), plain_geometry().affine_ras)
    image.set_qform(image.affine, 1)
    nib.save(image, tmp_path / "a.hdr")
    assert np.array_equal(read_scan(tmp_path / "a.hdr").array, numbers())
    (tmp_path / "a.img").unlink()
    refused(tmp_path / "a.hdr", "data.missing", "a.img")


def test_nifti_2_is_read_with_the_geometry_of_nifti_1(tmp_path: Path) -> None:
    geometry = random_geometry(np.random.default_rng(3))
    first = read_scan(nifti(tmp_path / "a.nii.gz", numbers(), geometry))
    second = read_scan(nifti(tmp_path / "b.nii.gz", numbers(), geometry, version=2))
    assert np.array_equal(first.array, second.array)
    assert first.geometry.same_grid(second.geometry)


def test_nifti_2_without_transforms_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers(), version=2)
    refused(patched(path, tmp_path / "b.nii", 344, "<2i", 0, 0), "data.no_geometry", "neither qform nor sform")


def test_a_file_without_transforms_warns_that_its_orientation_is_unknown(tmp_path: Path) -> None:
    path = patched(nifti(tmp_path / "a.nii", numbers()), tmp_path / "b.nii", 252, "<2h", 0, 0)
    scan = read_scan(path)
    assert scan.geometry.spacing == pytest.approx((0.8, 0.9, 2.5))
    assert "orientation is unknown" in scan.warnings[0]


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_disagreeing_transforms_are_read_as_simpleitk_does_with_a_warning(tmp_path: Path, codes: tuple[int, int]) -> None:
    geometry = plain_geometry()

    def shift(image: nib.Nifti1Image) -> None:
        moved = geometry.affine_ras.copy()
        moved[2, 3] += 10
        image.set_qform(moved, codes[0])

    path = nifti(tmp_path / "a.nii", numbers(), geometry, sform=codes[1], change=shift)
    scan = read_scan(path)
    assert "qform and sform disagree by up to 4.0 voxels" in scan.warnings[0]
    origin = SimpleITK.ReadImage(str(path)).GetOrigin()
    assert scan.geometry.origin == pytest.approx(origin)
    assert ("sform is used" in scan.warnings[0]) == (origin[2] == pytest.approx(-30))


def test_sheared_axes_are_refused_even_where_a_qform_could_be_taken(tmp_path: Path) -> None:
    def shear(image: nib.Nifti1Image) -> None:
        matrix = image.affine.copy()
        matrix[0, 1] += 0.05
        image.set_sform(matrix, 1)

    refused(nifti(tmp_path / "a.nii", numbers(), change=shear), "data.sheared", "a.nii")


def test_slightly_sheared_axes_that_simpleitk_refuses_are_read(tmp_path: Path) -> None:
    def shear(image: nib.Nifti1Image) -> None:
        matrix = image.affine.copy()
        matrix[0, 1] += 0.9 * 5e-4
        image.set_sform(matrix, 1)

    path = nifti(tmp_path / "a.nii", numbers(), qform=0, change=shear)
    with pytest.raises(RuntimeError, match="orthonormal"):
        SimpleITK.ReadImage(str(path))
    assert read_geometry(path).spacing == pytest.approx((0.8, 0.9, 2.5), rel=1e-5)


def test_contradicting_voxel_sizes_are_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers(), qform=0)
    refused(patched(path, tmp_path / "b.nii", 80, "<f", 1.0), "data.no_geometry", "1 × 0.9 × 2.5 by pixdim", "0.8 × 0.9 × 2.5")


@pytest.mark.parametrize("size", [0.0, -0.8, float("nan"), float("inf")])
def test_a_voxel_size_that_is_not_positive_is_refused(tmp_path: Path, size: float) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / "b.nii", 80, "<f", size), "data.no_geometry", "must be positive")


def test_a_matrix_that_cannot_be_inverted_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / "b.nii", 280, "<3f", 0, 0, 0), "data.no_geometry", "cannot be inverted")
    refused(patched(path, tmp_path / "c.nii", 280, "<f", float("nan")), "data.no_geometry", "cannot be inverted")


def _axis_swaps() -> list[np.ndarray]:
    """All 48 directions along the axes."""
    turns = [np.eye(3)[list(order)] for order in itertools.permutations(range(3))]
    return [turn * signs for turn in turns for signs in itertools.product((1.0, -1.0), repeat=3)]


@pytest.mark.parametrize("tilt", [0.0, 1e-6, 0.3])
def test_half_turns_of_a_quaternion_are_read_as_simpleitk_does(tmp_path: Path, tilt: float) -> None:
    for number, direction in enumerate(_axis_swaps()):
        turned = Rotation.from_rotvec([0.6 * tilt, 0.8 * tilt, 0.0]).as_matrix() @ direction
        geometry = Geometry((3, 512, 512), (0.7, 0.8, 2.0), (10.0, 20.0, 30.0), tuple(turned.reshape(-1)))
        path = nifti(tmp_path / f"{number}.nii", np.zeros(geometry.shape, np.uint8), geometry, sform=0)
        scan = SimpleITK.ReadImage(str(path))
        expected = Geometry(geometry.shape, scan.GetSpacing(), scan.GetOrigin(), scan.GetDirection())
        assert read_geometry(path).largest_shift(expected) < 1e-3, direction
        assert read_geometry(path).same_grid(geometry)
        both = nifti(tmp_path / f"both-{number}.nii", np.zeros(geometry.shape, np.uint8), geometry)
        assert read_scan(both).warnings == ()


def test_slightly_different_voxel_sizes_are_taken_as_simpleitk_does_and_said(tmp_path: Path) -> None:
    geometry = Geometry((3, 512, 512), (0.9765625, 0.9765625, 3.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    source = nifti(tmp_path / "a.nii", np.zeros(geometry.shape, np.uint8), geometry, qform=0)
    assert read_scan(source).warnings == ()
    path = patched(source, tmp_path / "b.nii", 80, "<2f", 0.98, 0.98)
    scan = read_scan(path)
    assert scan.geometry.spacing == pytest.approx(SimpleITK.ReadImage(str(path)).GetSpacing())
    assert scan.geometry.spacing[0] == pytest.approx(0.98)
    assert "pixdim and sform disagree by up to 1.8 voxels; the pixdim is used" in scan.warnings[0]


def test_a_quaternion_that_is_no_rotation_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers(), sform=0)
    refused(patched(path, tmp_path / "b.nii", 256, "<3f", 2.0, 2.0, 2.0), "data.no_geometry", "not a rotation")


@pytest.mark.parametrize(("unit", "factor"), [(1, 1000.0), (3, 0.001), (0, 1.0)])
def test_units_are_turned_to_millimetres_as_simpleitk_does(tmp_path: Path, unit: int, factor: float) -> None:
    path = patched(nifti(tmp_path / "a.nii", numbers()), tmp_path / "b.nii", 123, "B", unit)
    geometry = read_geometry(path)
    assert geometry.spacing == pytest.approx(tuple(factor * value for value in (0.8, 0.9, 2.5)))
    assert geometry.spacing == pytest.approx(SimpleITK.ReadImage(str(path)).GetSpacing())


@pytest.mark.parametrize(
    ("datatype", "code"),
    [(128, "data.colour"), (2304, "data.colour"), (32, "data.unsupported"), (1, "data.unsupported"), (77, "data.damaged")],
)
def test_colours_and_odd_types_are_refused_by_name(tmp_path: Path, datatype: int, code: str) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / "b.nii", 70, "<h", datatype), code, "b.nii")


@pytest.mark.parametrize(
    ("dim", "code", "fact"),
    [
        ((3, 0, 6, 5, 1), "data.empty", "0×6×5"),
        ((3, -7, 6, 5, 1), "data.empty", "-7×6×5"),
        ((2, 7, 6, 1, 1), "data.not_3d", "2 dimensions"),
        ((5, 7, 6, 5, 1, 3), "data.not_3d", "5 dimensions"),
        ((9, 7, 6, 5, 1), "data.damaged", "9 dimensions"),
        ((3, 7, 6, 6, 1), "data.truncated", "504 bytes of voxels are expected, 420 are there"),
        ((3, 7, 6, 4, 1), "data.damaged", "84 bytes more"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, dim: tuple[int, ...], code: str, fact: str) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / "b.nii", 40, f"<{len(dim)}h", *dim), code, fact)


@pytest.mark.parametrize("name", ["b.nii", "b.nii.gz"])
def test_a_header_that_claims_a_trillion_voxels_is_refused_before_any_memory_is_asked_for(tmp_path: Path, name: str) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / name, 40, "<4h", 3, 32000, 32000, 1000), "data.truncated")


def test_a_nifti_2_header_with_absurd_axes_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers(), version=2)
    refused(patched(path, tmp_path / "b.nii", 16, "<4q", 3, 1 << 60, 6, 5), "data.damaged", "claims a size")


@pytest.mark.parametrize("offset", [float("nan"), -1.0, 1e30])
def test_a_voxel_offset_out_of_range_is_refused(tmp_path: Path, offset: float) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    refused(patched(path, tmp_path / "b.nii", 108, "<f", offset), "data.damaged", "begin at byte")


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3, 0.6, 0.99])
def test_a_gzip_file_cut_anywhere_is_refused(tmp_path: Path, share: float) -> None:
    rng = np.random.default_rng(0)
    whole = nifti(tmp_path / "a.nii.gz", rng.integers(0, 1000, (20, 30, 40)).astype(np.int16)).read_bytes()
    path = tmp_path / "b.nii.gz"
    path.write_bytes(whole[: max(3, int(len(whole) * share))])
    refused(path, "data.truncated", "b.nii.gz")


def test_every_changed_byte_of_a_gzip_file_is_noticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    array = rng.integers(0, 1000, SHAPE).astype(np.int16)
    whole = nifti(tmp_path / "a.nii.gz", array).read_bytes()
    path = tmp_path / "b.nii.gz"
    # The first ten bytes and the name in the gzip header say nothing about the voxels.
    for position in range(whole.index(b"\0", 10) + 1, len(whole), 7):
        data = bytearray(whole)
        data[position] ^= 0x5A
        path.write_bytes(bytes(data))
        with pytest.raises(SSLSegmentationError) as caught:
            read_scan(path)
        assert caught.value.exit_code == 3


def test_a_name_that_contradicts_the_compression_is_refused(tmp_path: Path) -> None:
    plain = nifti(tmp_path / "a.nii", numbers()).read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(plain)
    (tmp_path / "c.nii").write_bytes(gzip.compress(plain))
    refused(tmp_path / "b.nii.gz", "data.damaged", "not compressed")
    refused(tmp_path / "c.nii", "data.damaged", "does not end in .gz")


def test_several_gzip_members_and_padding_are_read(tmp_path: Path) -> None:
    plain = nifti(tmp_path / "a.nii", numbers()).read_bytes()
    path = tmp_path / "b.nii.gz"
    path.write_bytes(gzip.compress(plain[:400]) + gzip.compress(plain[400:]) + bytes(100))
    assert np.array_equal(read_scan(path).array, numbers())


@pytest.mark.parametrize(("data", "code"), [(b"\0" * 10, "data.truncated"), (b"not a scan" * 100, "data.unreadable")])
def test_a_file_that_is_no_nifti_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(data)
    refused(path, code, "a.nii")


def test_an_analyze_file_is_refused_for_its_missing_orientation(tmp_path: Path) -> None:
    path = patched(nifti(tmp_path / "a.nii", numbers()), tmp_path / "b.nii", 344, "4s", b"\0\0\0\0")
    refused(path, "data.no_geometry", "Analyze")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    plain = patched(nifti(tmp_path / "a.nii", numbers()), tmp_path / "b.nii", 252, "<2h", 0, 0)
    odd = tmp_path / os.fsdecode(b"\xff.nii")
    plain.rename(odd)
    # Without transforms SimpleITK is asked.
    assert np.array_equal(read_scan(odd).array, numbers())
