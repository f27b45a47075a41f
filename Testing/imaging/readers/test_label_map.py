"""Label maps: values, grids, tissue tables and the layers of a .seg.nrrd."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging import regrid
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import read_label_map
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map
from Testing.imaging.making import SHAPE, nifti, nrrd, numbers, plain_geometry

GIVEN = TissueTable.of([Tissue(1, "fat", (1, 2, 3)), Tissue(2, "muscle", (4, 5, 6))], given=True)


def labels(dtype: str = "u1") -> np.ndarray:
    array = np.zeros(SHAPE, dtype)
    array[1:3, 1:4, 1:3] = 1
    array[3, 4, 5] = 2
    return array


def refused(path: Path, code: str, fact: str, *, onto: Optional[Geometry] = None, tissues: Optional[TissueTable] = None) -> None:
    with pytest.raises(SSLSegmentationError, match=fact) as caught:
        read_label_map(path, onto=onto, tissues=tissues)
    assert caught.value.code == code
    assert path.name in caught.value.message


def segmentation(path: Path, layers: np.ndarray, segments: list[dict[str, object]], geometry: Optional[Geometry] = None) -> Path:
    """A .seg.nrrd as 3D Slicer writes it: the layers are the fastest axis."""
    grid = geometry or plain_geometry(layers.shape[1:])
    columns = [f"({','.join(map(str, column))})" for column in grid.matrix[:3, :3].T]
    sizes = " ".join(map(str, (layers.shape[0], *layers.shape[:0:-1])))
    lines = (
        f"type: unsigned char\ndimension: 4\nspace: left-posterior-superior\nsizes: {sizes}\n"
        f"space directions: none {' '.join(columns)}\nkinds: list domain domain domain\nencoding: raw\n"
        f"space origin: ({','.join(map(str, grid.origin))})\n"
    )
    for number, segment in enumerate(segments):
        lines += "".join(f"Segment{number}_{key}:={value}\n" for key, value in segment.items())
    return nrrd(path, lines, np.ascontiguousarray(np.moveaxis(layers, 0, 3)).tobytes())


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_whole_numbers_of_any_type_become_the_smallest_unsigned_type(tmp_path: Path, dtype: str) -> None:
    label_map = read_label_map(nifti(tmp_path / "a.nii.gz", labels(dtype)))
    assert label_map.array.dtype == np.uint8
    assert np.array_equal(label_map.array, labels())
    assert [tissue.name for tissue in label_map.tissues] == ["label_1", "label_2"]
    assert label_map.warnings == ()


@pytest.mark.parametrize(("value", "dtype"), [(255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4"), (4_000_000_000, "u4")])
def test_large_values_stay(tmp_path: Path, value: int, dtype: str) -> None:
    array = labels("u8")
    array[0, 0, 0] = value
    label_map = read_label_map(nifti(tmp_path / "a.nii", array))
    assert label_map.array.dtype == np.dtype(dtype)
    assert int(label_map.array[0, 0, 0]) == value
    assert label_map.tissues.values == (1, 2, value)


def test_values_near_whole_numbers_are_rounded_with_a_notice(tmp_path: Path) -> None:
    label_map = read_label_map(nifti(tmp_path / "a.nii", labels() * np.float32(0.9999)))
    assert np.array_equal(label_map.array, labels())
    assert "rounded" in label_map.warnings[0]


@pytest.mark.parametrize(
    ("value", "code", "fact"),
    [
        (0.5, "data.not_labels", "0.5, which is not a whole number"),
        (-1.0, "data.not_labels", "-1 "),
        (np.nan, "data.not_finite", "1 NaN"),
        (np.inf, "data.not_finite", "1 NaN or infinite"),
        (1e12, "data.not_labels", "largest label"),
    ],
)
def test_what_is_no_label_is_refused(tmp_path: Path, value: float, code: str, fact: str) -> None:
    array = labels("f4")
    array[0, 0, 0] = value
    refused(nifti(tmp_path / "a.nii", array), code, fact)


def test_a_four_dimensional_label_map_is_refused(tmp_path: Path) -> None:
    refused(nifti(tmp_path / "a.nii", np.stack([labels()] * 2)), "data.not_3d", "2 volumes")


def test_an_empty_label_map_has_no_tissues(tmp_path: Path) -> None:
    assert len(read_label_map(nifti(tmp_path / "a.nii", np.zeros(SHAPE, np.uint8))).tissues) == 0


@pytest.mark.parametrize(("axes", "signs"), [((0, 1, 2), (-1, 1, -1)), ((2, 0, 1), (1, -1, 1)), ((1, 0, 2), (-1, -1, -1))])
def test_a_grid_stored_in_another_order_is_put_in_order(tmp_path: Path, axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    geometry = plain_geometry()
    path = nifti(tmp_path / "a.nii", regrid.reorient_array(labels(), axes, signs), regrid.reoriented(geometry, axes, signs))
    label_map = read_label_map(path, onto=geometry)
    assert np.array_equal(label_map.array, labels())
    assert label_map.geometry == geometry


def test_a_grid_0_4_mm_away_is_refused_with_its_distance(tmp_path: Path) -> None:
    geometry = plain_geometry()
    shifted = Geometry(geometry.shape, geometry.spacing, (-19.6, 15.0, -30.0), geometry.direction)
    refused(nifti(tmp_path / "a.nii", labels(), shifted), "data.grid_mismatch", r"0\.4 mm \(0\.5 voxels\)", onto=geometry)


def test_a_single_slice_of_another_thickness_is_the_same_grid(tmp_path: Path) -> None:
    scan = plain_geometry((1, 6, 7))
    thin = Geometry(scan.shape, (0.8, 0.9, 1.0), scan.origin, scan.direction)
    label_map = read_label_map(nifti(tmp_path / "a.nii", labels()[3:4], thin), onto=scan)
    assert label_map.geometry == scan
    assert "has voxels of 0.8 × 0.9 × 1 mm, its scan of 0.8 × 0.9 × 2.5 mm" in label_map.warnings[0]


def test_another_shape_is_refused_with_both_shapes(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", labels())
    refused(path, "data.grid_mismatch", "7×6×5 voxels against 7×6×6", onto=plain_geometry((6, 6, 7)))


def test_a_value_outside_a_given_table_is_refused_with_its_count(tmp_path: Path) -> None:
    array = labels()
    array[0, 0, :3] = 9
    path = nifti(tmp_path / "a.nii", array)
    refused(path, "data.unknown_label", r"9 \(3 voxels\)", tissues=GIVEN)
    named = read_label_map(path, tissues=TissueTable(GIVEN.tissues, given=False))
    assert [tissue.name for tissue in named.tissues] == ["fat", "muscle", "label_9"]


def test_a_given_table_names_the_values(tmp_path: Path) -> None:
    assert read_label_map(nifti(tmp_path / "a.nii", labels()), tissues=GIVEN).tissues == GIVEN


def test_layers_that_do_not_overlap_become_one_label_map_with_distinct_values(tmp_path: Path) -> None:
    layers = np.stack([(labels() == 1), (labels() == 2)]).astype(np.uint8)
    path = segmentation(
        tmp_path / "a.seg.nrrd",
        layers,
        [
            {"Name": "Fett ü", "LabelValue": 1, "Layer": 0, "Color": "0.9 0.863 0.275", "Tags": "x:1|TerminologyEntry:A~B^C^D|"},
            {"ID": "Segment_2", "LabelValue": 1, "Layer": 1},
        ],
    )
    label_map = read_label_map(path)
    assert np.array_equal(label_map.array, labels())
    assert label_map.tissues.tissues[0] == Tissue(1, "Fett ü", (230, 220, 70), "A~B^C^D")
    assert label_map.tissues.tissues[1].name == "Segment_2"
    assert "gets 2" in label_map.warnings[0]


def test_layers_of_older_versions_hold_one_segment_each(tmp_path: Path) -> None:
    layers = np.stack([(labels() == 1), (labels() == 2)]).astype(np.uint8)
    label_map = read_label_map(segmentation(tmp_path / "a.seg.nrrd", layers, [{"Name": "fat"}, {"Name": "muscle"}]))
    assert np.array_equal(label_map.array, labels())
    assert [tissue.name for tissue in label_map.tissues] == ["fat", "muscle"]


def test_overlapping_segments_are_refused_by_name(tmp_path: Path) -> None:
    layers = np.stack([(labels() == 1), (labels() > 0)]).astype(np.uint8)
    segments: list[dict[str, object]] = [{"Name": "box", "Layer": 0}, {"Name": "all", "Layer": 1}]
    refused(segmentation(tmp_path / "a.seg.nrrd", layers, segments), "data.not_labels", "'all' overlaps with 'box' in 12 voxels")


def test_a_value_without_a_segment_keeps_its_number_and_is_said(tmp_path: Path) -> None:
    path = segmentation(tmp_path / "a.seg.nrrd", labels()[np.newaxis], [{"Name": "fat", "LabelValue": 1}])
    label_map = read_label_map(path)
    assert np.array_equal(label_map.array, labels())
    assert [tissue.name for tissue in label_map.tissues] == ["fat", "label_2"]
    assert "value 2 belongs to no segment" in label_map.warnings[0]


def test_a_stray_value_in_a_second_layer_gets_a_free_number(tmp_path: Path) -> None:
    layers = np.stack([(labels() == 1), (labels() == 2)]).astype(np.uint8)
    label_map = read_label_map(segmentation(tmp_path / "a.seg.nrrd", layers, [{"Name": "fat"}]))
    assert np.array_equal(label_map.array, labels())
    assert label_map.tissues.values == (1, 2)


@pytest.mark.parametrize(
    ("segments", "fact"),
    [
        ([{"Layer": 1}], "layer 1"),
        ([{"LabelValue": 0}], "value 0"),
        ([{"LabelValue": "one"}], "invalid entry"),
        ([{"Color": "0.1 0.2"}], "invalid entry"),
        ([{"Name": "a"}, {"Name": "b"}], "same value in the same layer"),
    ],
)
def test_damaged_segments_are_refused(tmp_path: Path, segments: list[dict[str, object]], fact: str) -> None:
    refused(segmentation(tmp_path / "a.seg.nrrd", labels()[np.newaxis], segments), "data.damaged", fact)


def test_a_segmentation_of_a_box_of_the_scan_is_put_on_its_grid(tmp_path: Path) -> None:
    geometry = plain_geometry()
    box = regrid.target_box(geometry, np.array([1, 1, 1]), (3, 4, 5))
    part = LabelMap(labels()[1:4, 1:5, 1:6], box, TissueTable.from_values([1, 2]))
    write_label_map(tmp_path / "a.seg.nrrd", part)
    label_map = read_label_map(tmp_path / "a.seg.nrrd", onto=geometry)
    assert np.array_equal(label_map.array, labels())
    assert "the rest is background" in label_map.warnings[0]
    write_label_map(tmp_path / "a.nrrd", part)
    refused(tmp_path / "a.nrrd", "data.grid_mismatch", "5×4×3", onto=geometry)


def test_values_that_an_editor_renumbered_are_matched_by_name(tmp_path: Path) -> None:
    renumbered = TissueTable.of([Tissue(1, "Muscle", (1, 1, 1)), Tissue(2, "Fat", (1, 1, 1))])
    write_label_map(tmp_path / "a.seg.nrrd", LabelMap(labels(), plain_geometry(), renumbered))
    label_map = read_label_map(tmp_path / "a.seg.nrrd", tissues=GIVEN)
    assert label_map.tissues == GIVEN
    assert (label_map.array == 2).sum() == (labels() == 1).sum()
    assert "by name" in label_map.warnings[0]


def renamed(path: Path, *names: str) -> Path:
    """The usual label map as a .seg.nrrd with these names for 1, 2, …"""
    table = TissueTable.of([Tissue(value, name, (1, 1, 1)) for value, name in enumerate(names, start=1)])
    write_label_map(path, LabelMap(labels(), plain_geometry(), table))
    return path


def test_names_that_differ_in_capitals_only_are_told_apart(tmp_path: Path) -> None:
    table = TissueTable.of([Tissue(1, "Fat", (1, 2, 3)), Tissue(2, "fat", (4, 5, 6))], given=True)
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "fat", "Fat"), tissues=table)
    assert np.array_equal(label_map.array == 2, labels() == 1)
    assert np.array_equal(label_map.array == 1, labels() == 2)


def test_segments_of_one_name_stay_apart_where_the_table_has_both(tmp_path: Path) -> None:
    table = TissueTable.of([Tissue(1, "kidney", (1, 2, 3)), Tissue(2, "kidney", (4, 5, 6))], given=True)
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "kidney", "kidney"), tissues=table)
    assert np.array_equal(label_map.array, labels())
    other = TissueTable.of([Tissue(1, "kidney", (1, 2, 3)), Tissue(3, "kidney", (4, 5, 6))], given=True)
    refused(tmp_path / "a.seg.nrrd", "data.unknown_label", r"'kidney' could be any .* \(values 1, 3\)", tissues=other)


def test_segments_that_become_one_tissue_are_said(tmp_path: Path) -> None:
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "fat", "Fat"), tissues=GIVEN)
    assert np.array_equal(label_map.array, labels() > 0)
    assert any("all of its segments called 'fat' count as one" in warning for warning in label_map.warnings)


def test_a_segment_that_a_given_table_lacks_is_refused_by_name(tmp_path: Path) -> None:
    path = renamed(tmp_path / "a.seg.nrrd", "left", "fat")
    refused(path, "data.unknown_label", r"'left' \(12 voxels\); the table has fat, muscle", tissues=GIVEN)


def test_names_that_have_nothing_in_common_with_a_given_table_are_refused(tmp_path: Path) -> None:
    refused(renamed(tmp_path / "a.seg.nrrd", "liver", "kidney"), "data.unknown_label", "'liver'.*'kidney'", tissues=GIVEN)


def test_an_empty_segment_that_the_table_lacks_changes_nothing(tmp_path: Path) -> None:
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "muscle", "fat", "tumour"), tissues=GIVEN)
    assert label_map.tissues == GIVEN
    assert (label_map.array == 2).sum() == (labels() == 1).sum()


def test_a_segment_that_a_table_not_given_lacks_gets_a_free_value(tmp_path: Path) -> None:
    found = TissueTable(GIVEN.tissues, given=False)
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "left", "fat"), tissues=found)
    assert [(tissue.value, tissue.name) for tissue in label_map.tissues] == [(1, "fat"), (2, "muscle"), (3, "left")]
    assert np.array_equal(label_map.array == 3, labels() == 1)
    assert np.array_equal(label_map.array == 1, labels() == 2)
    assert any("'left' is not in the tissue table; it gets 3" in warning for warning in label_map.warnings)


@pytest.mark.parametrize("names", [("Segment_1", "Segment_2"), ("Label 7", "label_8"), ("1", "2"), ("Segment_1", "Segment_1_1")])
def test_generic_names_say_nothing_and_values_count(tmp_path: Path, names: tuple[str, str]) -> None:
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", *names), tissues=GIVEN)
    assert np.array_equal(label_map.array, labels())
    assert label_map.tissues == GIVEN
    assert "generic names" in label_map.warnings[0]


def test_a_generic_name_beside_one_of_the_table_is_refused(tmp_path: Path) -> None:
    refused(renamed(tmp_path / "a.seg.nrrd", "Segment_1", "fat"), "data.unknown_label", "'Segment_1'", tissues=GIVEN)


def test_a_table_of_numbers_only_leaves_values_as_they_are(tmp_path: Path) -> None:
    numbered = TissueTable.from_values([1, 2])
    label_map = read_label_map(renamed(tmp_path / "a.seg.nrrd", "liver", "kidney"), tissues=numbered)
    assert np.array_equal(label_map.array, labels())
    assert label_map.tissues == numbered
    assert label_map.warnings == ()


def test_a_generic_segment_with_a_value_that_a_given_table_lacks_is_refused(tmp_path: Path) -> None:
    path = segmentation(tmp_path / "a.seg.nrrd", labels()[np.newaxis] * 9, [{"LabelValue": 9}, {"LabelValue": 18}])
    refused(path, "data.unknown_label", r"9 \(12 voxels\), 18 \(1 voxel\)", tissues=GIVEN)


def test_every_label_is_found_in_a_scan_of_many(tmp_path: Path) -> None:
    label_map = read_label_map(nifti(tmp_path / "a.nii", numbers()))
    assert label_map.tissues.values == tuple(range(1, 210))
