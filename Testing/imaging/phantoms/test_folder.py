"""Phantoms as a data set on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan


def test_a_data_set_reads_back_as_it_was_made(tmp_path: Path) -> None:
    names = write_phantoms("ct_l3", folder=tmp_path, count=2, seed=7)
    assert names == ["ct_l3_0007", "ct_l3_0008"]
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    tissues = read_tissues(tmp_path / "tissues.json")
    for name in names:
        made = make_phantom("ct_l3", seed=truth[name]["seed"])
        scan = read_scan(tmp_path / "images" / f"{name}.nii.gz")
        labels = read_label_map(tmp_path / "labels" / f"{name}.nii.gz", onto=scan.geometry, tissues=tissues)
        assert np.array_equal(scan.array, made.scans["ct"].array)
        assert np.array_equal(labels.array, made.label_map.array)
        assert labels.tissues.tissues == made.tissues.tissues
        assert truth[name]["tissues"] == made.truth["tissues"]


def test_echoes_lie_beside_with_their_times(tmp_path: Path) -> None:
    write_phantoms("knee_mri", folder=tmp_path, count=1, seed=0)
    first = read_scan(tmp_path / "images" / "knee_mri_0000.nii.gz").array
    assert np.array_equal(read_scan(tmp_path / "echo_1" / "knee_mri_0000.nii.gz").array, first)
    assert json.loads((tmp_path / "echo_3" / "knee_mri_0000.json").read_text()) == {"EchoTime": 0.03}
    t2 = read_scan(tmp_path / "t2" / "knee_mri_0000.nii.gz").array
    assert np.isnan(t2).any()
    assert not (tmp_path / "t2" / "knee_mri_0000.json").exists()


def test_making_the_same_set_again_is_no_conflict_but_another_one_is(tmp_path: Path) -> None:
    write_phantoms("ct_l3", folder=tmp_path, count=2, seed=0)
    write_phantoms("ct_l3", folder=tmp_path, count=2, seed=0)
    with pytest.raises(SSLSegmentationError, match="ct_l3_0001") as caught:
        write_phantoms("ct_l3", folder=tmp_path, count=1, seed=0)
    assert caught.value.exit_code == 2
