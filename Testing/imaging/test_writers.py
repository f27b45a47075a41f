"""Writing: what comes back is what was given, and nothing half-written is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import read_geometry, read_label_map, read_scan
from SSLSegmentationLib.imaging.readers.opening import open_scan
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers import WRITERS, write_label_map, write_probabilities, write_scan
from Testing.data import REPOSITORY
from Testing.imaging.making import SHAPE, nifti, numbers, plain_geometry, random_geometry

WRITTEN_SUFFIXES = (*WRITERS, ".seg.nrrd")
TISSUES = TissueTable.of(
    [
        Tissue(3, "Körperfett, 皮下", (230, 220, 70), "GA~SCT^85756007^Tissue~SCT^248300009^Body fat~^^~~^^~^^"),
        Tissue(1, "muscle", (192, 104, 88)),
        Tissue(200, "bone", (0, 255, 1)),
    ]
)


@pytest.mark.parametrize("suffix", list(WRITERS))
@pytest.mark.parametrize("left_handed", [False, True])
def test_scans_come_back_in_ours_and_in_simpleitk(tmp_path: Path, suffix: str, left_handed: bool) -> None:
    rng = np.random.default_rng(0)
    for number, dtype in enumerate(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "?", "f2", ">i2"]):
        geometry = random_geometry(rng, left_handed=left_handed)
        array = (numbers() % 100).astype(dtype)
        path = tmp_path / f"Knî 膝 {number}{suffix}"
        write_scan(path, Scan(array=array, geometry=geometry))
        scan = read_scan(path)
        assert np.array_equal(scan.array, array)
        assert scan.warnings == ()
        image = SimpleITK.ReadImage(str(path))
        assert np.array_equal(SimpleITK.GetArrayFromImage(image), array)
        # NIfTI keeps float32: 7 digits of at most 300 mm.
        tolerance = 2e-5 if ".nii" in suffix else 1e-9
        for back in (scan.geometry, Geometry(SHAPE, image.GetSpacing(), image.GetOrigin(), image.GetDirection())):
            np.testing.assert_allclose(back.corners(), geometry.corners(), atol=tolerance)


def test_a_float32_geometry_comes_back_to_a_millionth_of_a_millimetre_in_nifti(tmp_path: Path) -> None:
    geometry = read_geometry(nifti(tmp_path / "a.nii.gz", numbers(), plain_geometry()))
    write_scan(tmp_path / "b.nii.gz", Scan(numbers(), geometry))
    np.testing.assert_allclose(read_geometry(tmp_path / "b.nii.gz").corners(), geometry.corners(), atol=1e-6)


def test_nan_and_infinity_are_written(tmp_path: Path) -> None:
    array = numbers(dtype=np.float32)
    array[0, 0, 0], array[1, 1, 1] = np.nan, -np.inf
    for suffix in list(WRITERS):
        write_scan(tmp_path / f"a{suffix}", Scan(array, plain_geometry()))
        assert np.array_equal(read_scan(tmp_path / f"a{suffix}").array, array, equal_nan=True)


@pytest.mark.parametrize("suffix", WRITTEN_SUFFIXES)
@pytest.mark.parametrize(("value", "dtype"), [(200, "u1"), (300, "u2"), (70000, "u4")])
def test_label_maps_come_back_in_the_smallest_type(tmp_path: Path, suffix: str, value: int, dtype: str) -> None:
    array = np.zeros(SHAPE, np.uint32)
    array[1], array[2, 3] = 1, value
    geometry = random_geometry(np.random.default_rng(5))
    path = tmp_path / f"a{suffix}"
    write_label_map(path, LabelMap(array, geometry, TissueTable.from_values([1, value])))
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).dtype == np.dtype(dtype)
    label_map = read_label_map(path, onto=geometry)
    assert np.array_equal(label_map.array, array)
    assert label_map.tissues.values == (1, value)


def test_a_segmentation_keeps_names_colours_terminology_and_absent_tissues(tmp_path: Path) -> None:
    array = np.zeros(SHAPE, np.uint8)
    array[1], array[2] = 1, 3
    path = tmp_path / "a.seg.nrrd"
    write_label_map(path, LabelMap(array, plain_geometry(), TISSUES))
    label_map = read_label_map(path)
    assert label_map.tissues == TISSUES
    assert label_map.warnings == ()
    image = SimpleITK.ReadImage(str(path))
    assert image.GetMetaData("Segment0_Extent") == "0 6 0 5 0 4"
    assert image.GetMetaData("Segmentation_MasterRepresentation") == "Binary labelmap"
    assert image.GetMetaData("Segment1_LabelValue") == "3"
    assert image.GetMetaData("Segment1_Tags").startswith("TerminologyEntry:GA~")


def test_a_line_break_in_a_name_cannot_end_the_header(tmp_path: Path) -> None:
    tissues = TissueTable.of([Tissue(1, "a\n\nb: c:=d \\n e", (1, 2, 3))])
    write_label_map(tmp_path / "a.seg.nrrd", LabelMap(np.ones(SHAPE, np.uint8), plain_geometry(), tissues))
    label_map = read_label_map(tmp_path / "a.seg.nrrd")
    assert label_map.tissues.tissues[0].name == "a b: c:=d \\n e"
    assert label_map.array.all()


def test_probabilities_are_one_file_with_tissues_last(tmp_path: Path) -> None:
    array = np.random.default_rng(0).random((3, *SHAPE), dtype=np.float32)
    geometry = random_geometry(np.random.default_rng(6))
    path = tmp_path / "a__probabilities.nii.gz"
    write_probabilities(path, array, geometry)
    assert SimpleITK.ReadImage(str(path)).GetSize() == (7, 6, 5, 3)
    assert open_scan(path).volumes == 3
    with pytest.raises(SSLSegmentationError, match="NIfTI only"):
        write_probabilities(tmp_path / "a.nrrd", array, geometry)
    assert np.array_equal(read_scan(path, volume=2).array, array[2])
    assert read_geometry(path).same_grid(geometry)


def test_a_suffix_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        write_scan(tmp_path / "a.png", Scan(numbers(), plain_geometry()))
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_another_shape_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="on a grid of shape"):
        write_scan(tmp_path / "a.nii", Scan(numbers((2, 2, 2)), plain_geometry()))


@pytest.mark.parametrize("suffix", WRITTEN_SUFFIXES)
def test_a_full_disk_is_said_and_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_label_map(path, LabelMap(np.ones(SHAPE, np.uint8), plain_geometry(), TissueTable.from_values([1])))
    before = path.read_bytes()
    # A limit on the size of files stands for the full disk: writing ends in the middle of the voxels.
    script = f"""
import resource, numpy as np
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map
from Testing.data import REPOSITORY
from Testing.imaging.making import plain_geometry
array = np.random.default_rng(0).integers(0, 200, (50, 60, 70)).astype(np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    write_label_map({str(path)!r}, LabelMap(array, plain_geometry(array.shape), TissueTable(())))
except SSLSegmentationError as error:
    print("refused", error.code)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.stdout == "refused disk.full\n", done.stderr
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_equal_scans_are_equal_bytes(tmp_path: Path) -> None:
    for suffix in WRITERS:
        for name in ("a", "b"):
            write_scan(tmp_path / f"{name}{suffix}", Scan(numbers(), plain_geometry()))
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_slightly_sheared_axes_come_back_on_the_same_grid(tmp_path: Path) -> None:
    direction = (1.0, 4e-4, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    shape = (200, 300, 300)
    geometry = Geometry(shape, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), direction)
    array = np.ones(shape, np.uint8)
    for suffix in (".nii.gz", ".seg.nrrd", ".mha"):
        write_label_map(tmp_path / f"a{suffix}", LabelMap(array, geometry, TissueTable.from_values([1])))
        assert read_geometry(tmp_path / f"a{suffix}").same_grid(geometry)
