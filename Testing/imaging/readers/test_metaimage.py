"""MetaImage files, sound and broken."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.readers.opening import open_scan
from Testing.imaging.making import MHA_LINES, metaimage, numbers, plain_geometry, random_geometry
from Testing.imaging.readers.test_nifti import refused

DATA = numbers().tobytes()


def changed(name: str, value: str) -> str:
    lines = [line for line in MHA_LINES.splitlines() if not line.startswith(name + " =")]
    return "\n".join([f"{name} = {value}", *lines] if name != "ElementDataFile" else [*lines, f"{name} = {value}"]) + "\n"


@pytest.mark.parametrize("suffix", ["mha", "mhd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_of_simpleitk_come_back_exactly(tmp_path: Path, suffix: str, compressed: bool) -> None:
    rng = np.random.default_rng(1)
    for number, dtype in enumerate(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]):
        geometry = random_geometry(rng, left_handed=bool(number % 2))
        image = SimpleITK.GetImageFromArray((numbers() % 100).astype(dtype))
        image.SetSpacing(geometry.spacing)
        image.SetOrigin(geometry.origin)
        image.SetDirection(geometry.direction)
        path = tmp_path / f"{number}.{suffix}"
        SimpleITK.WriteImage(image, str(path), compressed)
        scan = read_scan(path)
        assert scan.array.dtype == np.dtype(dtype)
        assert np.array_equal(scan.array, SimpleITK.GetArrayFromImage(image))
        assert scan.geometry.largest_shift(geometry) < 1e-9


def test_nan_stays(tmp_path: Path) -> None:
    array = numbers(dtype=np.float32)
    array[1, 1, 1] = np.nan
    scan = read_scan(metaimage(tmp_path / "a.mha", changed("ElementType", "MET_FLOAT"), array.tobytes()))
    assert np.isnan(scan.array[1, 1, 1])
    assert "1 voxel is" in scan.warnings[0]


def test_big_endian_voxels_are_turned(tmp_path: Path) -> None:
    path = metaimage(tmp_path / "a.mha", changed("BinaryDataByteOrderMSB", "True"), numbers(dtype=">i2").tobytes())
    assert np.array_equal(read_scan(path).array, numbers())


def test_a_header_size_is_skipped_and_minus_one_counts_from_the_end(tmp_path: Path) -> None:
    (tmp_path / "voxels.raw").write_bytes(b"12345" + DATA)
    for size in ("5", "-1"):
        lines = changed("HeaderSize", size).replace("LOCAL", "voxels.raw")
        assert np.array_equal(read_scan(metaimage(tmp_path / "a.mhd", lines, b"")).array, numbers())
    (tmp_path / "voxels.raw").unlink()
    refused(tmp_path / "a.mhd", "data.missing", "voxels.raw")


def test_volumes_of_a_four_dimensional_file_are_counted(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(np.stack([numbers(), numbers() + 1000]), isVector=False)
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"))
    assert open_scan(tmp_path / "a.mha").volumes == 2
    assert np.array_equal(read_scan(tmp_path / "a.mha", volume=1).array, numbers() + 1000)


def test_a_file_without_a_matrix_warns_that_its_orientation_is_unknown(tmp_path: Path) -> None:
    lines = "".join(line + "\n" for line in MHA_LINES.splitlines() if not line.startswith("TransformMatrix"))
    assert "orientation is unknown" in read_scan(metaimage(tmp_path / "a.mha", lines, DATA)).warnings[0]
    assert read_scan(metaimage(tmp_path / "b.mha", MHA_LINES, DATA)).geometry.same_grid(plain_geometry())


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ElementSpacing", "-0.8 0.9 2.5", "data.no_geometry"),
        ("ElementSpacing", "0 0.9 2.5", "data.no_geometry"),
        ("ElementSpacing", "wide", "data.damaged"),
        ("ElementNumberOfChannels", "3", "data.colour"),
        ("ElementType", "MET_UCHAR_ARRAY", "data.colour"),
        ("ElementType", "MET_STRING", "data.unsupported"),
        ("BinaryData", "False", "data.unsupported"),
        ("ElementDataFile", "LIST", "data.unsupported"),
        ("DimSize", "7 6", "data.damaged"),
        ("DimSize", "7 6 0", "data.empty"),
        ("DimSize", "7 6 6", "data.truncated"),
        ("DimSize", "7 6 4", "data.damaged"),
        ("DimSize", "1000000 1000000 1", "data.truncated"),
        ("DistanceUnits", "um", "data.no_geometry"),
        ("ElementToIntensityFunctionSlope", "2", "data.unsupported"),
        ("TransformMatrix", "1 0 0 0", "data.damaged"),
        ("Offset", "1 2", "data.damaged"),
        ("TransformMatrix", "1 0 0 0.3 -1 0 0 0 1", "data.sheared"),
        ("TransformMatrix", "0 0 0 0 0 0 0 0 0", "data.no_geometry"),
    ],
)
def test_fields_that_cannot_be_followed_are_refused(tmp_path: Path, name: str, value: str, code: str) -> None:
    refused(metaimage(tmp_path / "a.mha", changed(name, value), DATA), code, "a.mha")


def test_two_dimensions_are_refused(tmp_path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(numbers()[0]), str(tmp_path / "a.mha"))
    refused(tmp_path / "a.mha", "data.not_3d", "7×6")


def test_a_file_without_spacing_is_refused(tmp_path: Path) -> None:
    lines = "".join(line + "\n" for line in MHA_LINES.splitlines() if not line.startswith("ElementSpacing"))
    refused(metaimage(tmp_path / "a.mha", lines, DATA), "data.no_geometry")


def test_damaged_compression_is_refused(tmp_path: Path) -> None:
    packed = zlib.compress(DATA)
    refused(metaimage(tmp_path / "a.mha", changed("CompressedData", "True"), packed[:-2]), "data.truncated")
    refused(metaimage(tmp_path / "b.mha", changed("CompressedData", "True"), b"x" * 100), "data.damaged")
    assert np.array_equal(read_scan(metaimage(tmp_path / "c.mha", changed("CompressedData", "True"), packed)).array, numbers())


def test_headers_that_do_not_end_or_are_no_headers_are_refused(tmp_path: Path) -> None:
    for data, code in ((b"NDims = 3\nDimSize = 7 6 5\n", "data.truncated"), (b"\x00\x01 nonsense\n" * 20, "data.unreadable")):
        (tmp_path / "a.mha").write_bytes(data)
        refused(tmp_path / "a.mha", code, "a.mha")


def test_a_direction_matrix_that_scales_is_refused(tmp_path: Path) -> None:
    lines = MHA_LINES.replace("1 0 0 0 -1 0 0 0 1", "2 0 0 0 -2 0 0 0 2")
    refused(metaimage(tmp_path / "a.mha", lines, numbers().tobytes()), "data.no_geometry", "lengths 2, 2, 2")
