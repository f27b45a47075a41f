"""Facts about files, whatever the order of their axes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import io_orientation

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging import regrid
from SSLSegmentationLib.imaging.inspection import closest_ras, inspect
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan
from Testing.imaging.making import SHAPE, nifti, numbers, plain_geometry, random_geometry


@pytest.mark.parametrize("left_handed", [False, True])
def test_the_closest_order_is_that_of_nibabel(left_handed: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        geometry = random_geometry(rng, left_handed=left_handed)
        axes, signs = closest_ras(geometry)
        wanted = io_orientation(geometry.affine_ras)
        for world, (axis, sign) in enumerate(zip(axes, signs)):
            assert wanted[axis].tolist() == [world, sign]


def test_facts_and_hash_do_not_depend_on_the_order_of_the_axes(tmp_path: Path) -> None:
    geometry = plain_geometry()
    seen = set()
    for axes in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            turned = regrid.reoriented(geometry, axes, signs)
            write_scan(tmp_path / "a.nrrd", Scan(regrid.reorient_array(numbers(), axes, signs), turned))
            facts = inspect(tmp_path / "a.nrrd").as_dict()
            assert facts["shape"] == [7, 6, 5]
            assert facts["spacing"] == [0.8, 0.9, 2.5]
            seen.add(facts["sha256"])
    assert len(seen) == 1


def test_the_affine_is_that_of_nibabels_canonical_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        path = nifti(tmp_path / "a.nii", numbers(), random_geometry(rng, left_handed=True))
        wanted = nib.as_closest_canonical(nib.load(path)).affine
        np.testing.assert_allclose(inspect(path).affine_ras, wanted, atol=1e-4)


def test_statistics_skip_what_is_not_finite_and_count_it(tmp_path: Path) -> None:
    array = numbers(dtype=np.float32)
    array[0, 0, 0], array[4, 5, 6] = np.nan, np.inf
    facts = inspect(nifti(tmp_path / "a.nii", array)).as_dict()
    assert (facts["min"], facts["max"], facts["n_not_finite"]) == (1.0, 208.0, 2)
    assert facts["mean"] == pytest.approx(np.arange(1, 209).mean())
    assert "2 voxels" in facts["warnings"][0]
    nothing = inspect(nifti(tmp_path / "b.nii", np.full(SHAPE, np.nan, np.float32)))
    assert nothing.mean is None and nothing.n_not_finite == 210
    json.dumps(nothing.as_dict(), allow_nan=False)


def test_a_segmentation_is_a_label_map_with_names(tmp_path: Path) -> None:
    array = np.zeros(SHAPE, np.uint8)
    array[1], array[2, 0] = 1, 4
    tissues = TissueTable.of([Tissue(1, "Fett", (1, 2, 3)), Tissue(4, "bone", (1, 2, 3)), Tissue(5, "absent", (1, 2, 3))])
    write_label_map(tmp_path / "a.seg.nrrd", LabelMap(array, plain_geometry(), tissues))
    facts = inspect(tmp_path / "a.seg.nrrd").as_dict()
    assert facts["kind"] == "label map"
    assert facts["labels"] == [{"value": 1, "name": "Fett", "voxels": 42}, {"value": 4, "name": "bone", "voxels": 7}]
    assert "label_map" not in facts


def test_a_label_map_is_described_on_the_grid_of_its_scan(tmp_path: Path) -> None:
    image = nifti(tmp_path / "a.nii", numbers())
    order = ((2, 0, 1), (1, -1, 1))
    array = (numbers() > 200).astype(np.uint8)
    labels = nifti(tmp_path / "b.nii", regrid.reorient_array(array, *order), regrid.reoriented(plain_geometry(), *order))
    facts = inspect(image, labels=labels)
    assert facts.label_map is not None
    assert facts.label_map.affine_ras == facts.affine_ras
    assert facts.labels == facts.label_map.labels
    assert facts.as_dict()["label_map"]["kind"] == "label map"
    assert facts.labels[0].voxels == 9
