"""Which cases the arguments of a prediction mean, and which collisions are refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.imaging.writers import write_scan
from SSLSegmentationLib.learning.prediction.inputs import Inputs, check_headers, check_outputs, find_inputs

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def put(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return [folder / name for name in names]


def stems(inputs: Inputs) -> list[str]:
    return [case.stem for case in inputs.cases]


def codes(inputs: Inputs) -> list[str]:
    return [fault.error.code for fault in inputs.faults]


def test_files_and_folders_give_their_scans_by_stem(tmp_path: Path) -> None:
    single = put(tmp_path / "one", "z.mha")[0]
    put(tmp_path / "many", "b.nii.gz", "a.seg.nrrd", "ä ö.nii", "notes.txt", ".hidden.nii.gz", "x.img")
    put(tmp_path / "many" / "deeper", "c.nii.gz")
    inputs = find_inputs([single, tmp_path / "many"], channels=["MRI"])
    assert stems(inputs) == ["z", "a", "b", "ä ö"]
    assert inputs.faults == ()


def test_a_number_at_the_end_of_a_name_means_nothing_to_a_model_of_one_channel(tmp_path: Path) -> None:
    put(tmp_path, "a_0000.nii.gz", "a_0001.nii.gz")
    assert stems(find_inputs([tmp_path], channels=["MRI"])) == ["a_0000", "a_0001"]


@pytest.mark.parametrize("second", ["a.nii", "a.seg.nrrd", "a.nii.gz"])
def test_two_inputs_of_one_stem_are_refused(tmp_path: Path, second: str) -> None:
    first = put(tmp_path / "1", "a.nii.gz")
    other = put(tmp_path / "2", second)
    with pytest.raises(SSLSegmentationError, match="both be written as 'a'") as caught:
        find_inputs([*first, *other], channels=["MRI"])
    assert caught.value.code == "usage.output_collision"


def test_what_is_not_there_or_empty_is_named_and_the_rest_is_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    good = put(tmp_path / "good", "a.nii.gz")
    inputs = find_inputs([tmp_path / "nowhere.nii.gz", tmp_path / "empty", *good], channels=["MRI"])
    assert stems(inputs) == ["a"]
    assert codes(inputs) == ["data.missing", "data.empty"]
    assert "nowhere.nii.gz" in inputs.faults[0].error.message


def test_a_folder_without_scan_files_is_taken_as_one_dicom_scan(tmp_path: Path) -> None:
    put(tmp_path / "series 7", "IM0001", "IM0002")
    assert stems(find_inputs([tmp_path / "series 7"], channels=["MRI"])) == ["series 7"]


def test_the_channels_of_a_case_are_joined_by_their_numbers(tmp_path: Path) -> None:
    put(tmp_path / "t1", "a_0000.nii.gz", "b_0000.nii.gz")
    put(tmp_path / "t2", "b_0001.mha", "a_0001.nii.gz")
    inputs = find_inputs([tmp_path / "t2", tmp_path / "t1"], channels=["T1", "T2"])
    found = {case.stem: [path.name for path in case.paths] for case in inputs.cases}
    assert found == {"a": ["a_0000.nii.gz", "a_0001.nii.gz"], "b": ["b_0000.nii.gz", "b_0001.mha"]}


def test_cases_with_other_channels_are_named(tmp_path: Path) -> None:
    put(
        tmp_path,
        "whole_0000.nii",
        "whole_0001.nii",
        "half_0001.nii",
        "more_0000.nii",
        "more_0001.nii",
        "more_0002.nii",
        "none.nii",
    )
    inputs = find_inputs([tmp_path], channels=["T1", "T2"])
    assert stems(inputs) == ["whole"]
    assert codes(inputs) == ["data.unpaired_channels"] * 3
    text = " ".join(str(fault.error) for fault in inputs.faults)
    assert "half" in text
    assert "more" in text
    assert "none.nii" in text
    assert "_0001 (T2)" in text


def test_one_channel_twice_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "1", "a_0000.nii.gz")
    put(tmp_path / "2", "a_0000.nii.gz")
    with pytest.raises(SSLSegmentationError) as caught:
        find_inputs([tmp_path / "1", tmp_path / "2"], channels=["T1", "T2"])
    assert caught.value.code == "usage.output_collision"


def test_headers_are_checked_before_anything_is_computed(tmp_path: Path) -> None:
    array = np.zeros((3, 4, 5), dtype=np.int16)
    write_scan(tmp_path / "good.nii.gz", Scan(array, Geometry((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), AXIAL)))
    (tmp_path / "empty.nii.gz").write_bytes(b"")
    (tmp_path / "noise.mha").write_bytes(bytes(range(256)))
    inputs = check_headers(find_inputs([tmp_path], channels=["MRI"]))
    assert [(case.stem, case.voxels) for case in inputs.cases] == [("good", 60)]
    assert len(inputs.faults) == 2
    assert all(fault.error.exit_code == 3 for fault in inputs.faults)
    assert "empty.nii.gz" in inputs.faults[0].error.message


def test_a_result_never_replaces_a_scan_or_another_result(tmp_path: Path) -> None:
    put(tmp_path, "a.nii.gz", "b.nii.gz")
    inputs = find_inputs([tmp_path], channels=["MRI"])
    check_outputs(inputs, [tmp_path / "out" / "a.nii.gz", tmp_path / "out" / "b.nii.gz"])
    with pytest.raises(SSLSegmentationError, match="replace the scan") as caught:
        check_outputs(inputs, [tmp_path / "out" / ".." / "b.nii.gz"])
    assert caught.value.code == "usage.output_collision"
    with pytest.raises(SSLSegmentationError, match="Two results"):
        check_outputs(inputs, [tmp_path / "x.nii.gz", tmp_path / "x.nii.gz"])
