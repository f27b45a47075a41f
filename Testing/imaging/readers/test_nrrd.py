"""NRRD files, sound and broken."""

from __future__ import annotations

import bz2
import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.readers import read_geometry, read_scan
from SSLSegmentationLib.imaging.readers.opening import open_scan
from Testing.imaging.making import NRRD_LINES, nifti, nrrd, numbers, plain_geometry, random_geometry
from Testing.imaging.readers.test_nifti import refused

DATA = numbers().tobytes()


def without(name: str) -> str:
    return "\n".join(line for line in NRRD_LINES.splitlines() if not line.startswith(name + ":"))


def changed(name: str, value: str) -> str:
    return without(name) + f"\n{name}: {value}"


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_of_simpleitk_come_back_exactly(tmp_path: Path, left_handed: bool, compressed: bool) -> None:
    rng = np.random.default_rng(1)
    for number, dtype in enumerate(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]):
        geometry = random_geometry(rng, left_handed=left_handed)
        image = SimpleITK.GetImageFromArray((numbers() % 100).astype(dtype))
        image.SetSpacing(geometry.spacing)
        image.SetOrigin(geometry.origin)
        image.SetDirection(geometry.direction)
        path = tmp_path / f"{number}.nrrd"
        SimpleITK.WriteImage(image, str(path), compressed)
        scan = read_scan(path)
        assert scan.array.dtype == np.dtype(dtype)
        assert np.array_equal(scan.array, SimpleITK.GetArrayFromImage(image))
        assert scan.geometry.largest_shift(geometry) < 1e-9
        assert scan.warnings == ()


@pytest.mark.parametrize(
    ("encoding", "pack"), [("raw", bytes), ("gzip", gzip.compress), ("gz", gzip.compress), ("bzip2", bz2.compress)]
)
def test_encodings_hold_the_same_voxels(tmp_path: Path, encoding: str, pack: object) -> None:
    path = nrrd(tmp_path / "a.nrrd", changed("encoding", encoding), pack(DATA))  # type: ignore[operator]  # a table of functions
    scan = read_scan(path)
    assert np.array_equal(scan.array, numbers())
    assert scan.geometry.same_grid(plain_geometry())


def test_big_endian_voxels_are_turned(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", changed("endian", "big"), numbers(dtype=">i2").tobytes())
    assert np.array_equal(read_scan(path).array, numbers())


def test_a_detached_header_finds_its_voxels_and_skips_bytes(tmp_path: Path) -> None:
    (tmp_path / "voxels.raw").write_bytes(b"123" + DATA)
    path = nrrd(tmp_path / "a.nhdr", NRRD_LINES + "data file: voxels.raw\nbyte skip: 3", b"")
    assert np.array_equal(read_scan(path).array, numbers())
    last = nrrd(tmp_path / "b.nhdr", NRRD_LINES + "data file: voxels.raw\nbyte skip: -1", b"")
    assert np.array_equal(read_scan(last).array, numbers())
    (tmp_path / "voxels.raw").unlink()
    refused(path, "data.missing", "voxels.raw")


def test_bytes_to_skip_are_those_of_the_decompressed_voxels(tmp_path: Path) -> None:
    source = nifti(tmp_path / "voxels.nii.gz", numbers())
    lines = changed("encoding", "gzip") + f"\ndata file: {source.name}\nbyte skip: 352"
    path = nrrd(tmp_path / "a.nhdr", lines, b"")
    assert np.array_equal(read_scan(path).array, numbers())
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), numbers())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = nrrd(tmp_path / os.fsdecode(b"\xff.nrrd"), NRRD_LINES, DATA)
    assert np.array_equal(read_scan(path).array, numbers())


def test_the_header_of_another_format_before_the_voxels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voxels.gz").write_bytes(gzip.compress(bytes(352) + DATA))
    lines = changed("encoding", "gzip") + "\ndata file: voxels.gz"
    refused(nrrd(tmp_path / "a.nhdr", lines, b""), "data.damaged", "a.nhdr.*352 bytes more.*voxels.gz")


@pytest.mark.parametrize("end", [0, 1, 300, 419])
def test_missing_voxels_are_refused(tmp_path: Path, end: int) -> None:
    refused(nrrd(tmp_path / "a.nrrd", NRRD_LINES, DATA[:end]), "data.truncated", "420 bytes", f"{end} are there")
    packed = gzip.compress(DATA)
    refused(nrrd(tmp_path / "b.nrrd", changed("encoding", "gzip"), packed[:-3]), "data.truncated")
    refused(nrrd(tmp_path / "c.nrrd", changed("encoding", "gzip"), gzip.compress(DATA[:end])), "data.truncated", "hold fewer")


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
def test_compressed_nonsense_is_refused(tmp_path: Path, encoding: str) -> None:
    refused(nrrd(tmp_path / "a.nrrd", changed("encoding", encoding), b"nonsense" * 100), "data.damaged", encoding)


@pytest.mark.parametrize("position", [0, 3])
def test_volumes_are_counted_along_the_first_or_last_axis(tmp_path: Path, position: int) -> None:
    volumes = np.stack([numbers(), numbers() + 1000])
    stored = np.moveaxis(volumes, 0, 3) if position == 0 else volumes
    sizes, kinds = ["7", "6", "5"], ["domain"] * 3
    directions = ["(0.8,0,0)", "(0,-0.9,0)", "(0,0,2.5)"]
    sizes.insert(position, "2")
    kinds.insert(position, "list")
    directions.insert(position, "none")
    lines = NRRD_LINES.replace("dimension: 3", "dimension: 4").replace("sizes: 7 6 5", "sizes: " + " ".join(sizes))
    lines = lines.replace("kinds: domain domain domain", "kinds: " + " ".join(kinds))
    lines = lines.replace("(0.8,0,0) (0,-0.9,0) (0,0,2.5)", " ".join(directions))
    path = nrrd(tmp_path / "a.nrrd", lines, stored.tobytes())
    assert open_scan(path).volumes == 2
    assert np.array_equal(read_scan(path, volume=1).array, volumes[1])
    assert read_geometry(path).same_grid(plain_geometry())
    refused(path, "data.not_3d", "2 volumes")


def test_another_space_is_turned_to_lps(tmp_path: Path) -> None:
    lines = NRRD_LINES.replace("left-posterior-superior", "right-anterior-superior")
    lines = lines.replace("(0.8,0,0) (0,-0.9,0)", "(-0.8,0,0) (0,0.9,0)").replace("(-20,15,-30)", "(20,-15,-30)")
    assert read_geometry(nrrd(tmp_path / "a.nrrd", lines, DATA)).same_grid(plain_geometry())


def test_a_file_without_orientation_warns(tmp_path: Path) -> None:
    lines = (
        "\n".join(line for line in NRRD_LINES.splitlines() if not line.startswith(("space", "kinds"))) + "\nspacings: 0.8 0.9 2.5"
    )
    scan = read_scan(nrrd(tmp_path / "a.nrrd", lines, DATA))
    assert "orientation is unknown" in scan.warnings[0]
    assert scan.geometry.spacing == pytest.approx((0.8, 0.9, 2.5))
    unnamed = read_scan(nrrd(tmp_path / "b.nrrd", without("space").replace("type", "space dimension: 3\ntype", 1), DATA))
    assert "orientation is unknown" in unnamed.warnings[0]


def test_a_file_without_voxel_size_is_refused(tmp_path: Path) -> None:
    lines = "\n".join(line for line in NRRD_LINES.splitlines() if not line.startswith(("space", "kinds")))
    refused(nrrd(tmp_path / "a.nrrd", lines, DATA), "data.no_geometry")
    refused(nrrd(tmp_path / "b.nrrd", lines + "\nspacings: 0.8 nan 2.5", DATA), "data.no_geometry")


def test_sheared_axes_are_refused(tmp_path: Path) -> None:
    refused(nrrd(tmp_path / "a.nrrd", NRRD_LINES.replace("(0,-0.9,0)", "(0.2,-0.9,0)"), DATA), "data.sheared")


def test_axes_in_one_plane_are_refused(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", NRRD_LINES.replace("(0,-0.9,0)", "(0.9,0,0)"), DATA)
    with pytest.raises(SSLSegmentationError) as caught:
        read_scan(path)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("encoding", "hex", "data.unsupported"),
        ("encoding", "ascii", "data.unsupported"),
        ("type", "block", "data.unsupported"),
        ("sizes", "7 6 five", "data.damaged"),
        ("sizes", "7 6 0", "data.empty"),
        ("sizes", "7 6", "data.not_3d"),
        ("sizes", "1 7 6 5", "data.not_3d"),
        ("sizes", "100000000 100000000 5", "data.truncated"),
        ("sizes", "7 6 5000000000", "data.damaged"),
        ("kinds", "RGB-color domain domain", "data.colour"),
        ("line skip", "2", "data.unsupported"),
        ("data file", "LIST", "data.unsupported"),
        ("data file", "slice%03d.raw 1 5 1", "data.unsupported"),
        ("space units", '"um" "um" "um"', "data.no_geometry"),
        ("byte skip", "-7", "data.unsupported"),
        ("byte skip", "many", "data.unreadable"),
        ("spacings", "x", "data.unreadable"),
    ],
)
def test_fields_that_cannot_be_followed_are_refused(tmp_path: Path, name: str, value: str, code: str) -> None:
    lines = changed(name, value)
    if name == "spacings":
        lines = "\n".join(line for line in lines.splitlines() if not line.startswith("space "))
    refused(nrrd(tmp_path / "a.nrrd", lines, DATA), code, "a.nrrd")


@pytest.mark.parametrize("name", ["type", "sizes", "encoding", "endian"])
def test_a_missing_field_is_named(tmp_path: Path, name: str) -> None:
    refused(nrrd(tmp_path / "a.nrrd", without(name), DATA), "data.damaged", f"'{name}'")


def test_headers_that_do_not_end_or_are_no_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    for data, code in (
        (b"no header", "data.unreadable"),
        (b"NRRD0004\ntype: short\n", "data.truncated"),
        (b"NRRD0004\nnonsense\n\n", "data.damaged"),
        (b"NRRD0004\n" + b"# x\n" * (1 << 20), "data.damaged"),
    ):
        path.write_bytes(data)
        refused(path, code, "a.nrrd")
