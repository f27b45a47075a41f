"""Scans that look like the training scans are let pass, others are remarked in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.imaging.familiarity import are_ranges, differences, ranges_of, scan_facts, training_ranges
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.scan import Case, Scan
from Testing.data import real_data

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def ct(seed: int) -> Scan:
    return next(iter(make_phantom("ct_body", seed=seed).scans.values()))


def plain_scan(array: "np.ndarray[Any, Any]", spacing: "tuple[float, float, float]" = (1.0, 1.0, 1.0)) -> Scan:
    shape = (array.shape[0], array.shape[1], array.shape[2])
    return Scan(array, Geometry(shape, spacing, (0.0, 0.0, 0.0), AXIAL))


def hippocampus_cases() -> "list[Case]":
    files = sorted((real_data("hippocampus_mri") / "imagesTr").glob("*.nii.gz"))
    return [Case(path.name, path.name, (path,)) for path in files]


def test_no_real_scan_of_three_intensity_scales_is_remarked_beside_its_like() -> None:
    cases = hippocampus_cases()
    ranges = training_ranges(cases[::2])
    assert ranges["scans"] == 40
    remarked = [case.id for case in cases[1::6] if differences(scan_facts([read_scan(case.images[0])]), ranges, modality="mri")]
    assert remarked == []


def test_reading_the_training_scans_tells_how_far_it_is_and_ends_where_that_raises() -> None:
    cases, told = hippocampus_cases()[:5], []

    def on_progress(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        training_ranges(cases, on_progress=on_progress)
    assert told == [(0, 5), (1, 5), (2, 5)]


def test_a_ct_scan_beside_real_mri_scans_is_remarked() -> None:
    ranges = training_ranges(hippocampus_cases()[:10])
    found = " ".join(differences(scan_facts([ct(1)]), ranges, modality="mri"))
    assert "as a CT scan is" in found
    assert "voxel spacing" in found
    assert "extent" in found


def test_an_mri_scan_beside_ct_scans_is_remarked_in_hu() -> None:
    ranges = ranges_of([scan_facts([ct(seed)]) for seed in (1, 2)])
    assert differences(scan_facts([ct(3)]), ranges, modality="ct") == []
    mri = read_scan(hippocampus_cases()[0].images[0])
    assert "HU" in " ".join(differences(scan_facts([mri]), ranges, modality="ct"))


def test_much_more_background_is_remarked() -> None:
    rng = np.random.default_rng(0)
    array = rng.normal(100, 20, (20, 20, 20)).astype(np.float32)
    ranges = ranges_of([scan_facts([plain_scan(array)])])
    mostly_air = array.copy()
    mostly_air[:, 3:] = 0
    found = differences(scan_facts([plain_scan(mostly_air)]), ranges, modality="mri")
    assert "background" in " ".join(found)


def test_another_scale_of_an_mri_scan_is_not_remarked() -> None:
    array = np.random.default_rng(0).gamma(2, 100, (20, 20, 20))
    ranges = ranges_of([scan_facts([plain_scan(array)])])
    assert differences(scan_facts([plain_scan(array * 1e5 + 7)]), ranges, modality="mri") == []


def test_spacing_and_extent_are_compared_along_the_body_not_along_the_file() -> None:
    array = np.random.default_rng(0).random((10, 20, 30))
    axial = Scan(array, Geometry((10, 20, 30), (0.5, 1.0, 5.0), (0.0, 0.0, 0.0), AXIAL))
    # The same scan with its axes stored in another order: columns run feet to head.
    turned = Scan(
        array.transpose(2, 1, 0), Geometry((30, 20, 10), (5.0, 1.0, 0.5), (0.0, 0.0, 0.0), (0, 0, 1.0, 0, 1.0, 0, 1.0, 0, 0))
    )
    assert scan_facts([axial]).spacing == scan_facts([turned]).spacing
    assert differences(scan_facts([turned]), ranges_of([scan_facts([axial])]), modality="mri") == []


def test_only_the_channel_that_differs_is_named() -> None:
    array = np.random.default_rng(0).gamma(2, 100, (12, 12, 12))
    ranges = ranges_of([scan_facts([plain_scan(array), plain_scan(array)])])
    found = differences(scan_facts([plain_scan(array), plain_scan(array - 500)]), ranges, modality="mri")
    assert len(found) == 1
    assert found[0].startswith("Channel 2 is negative")


def test_a_constant_scan_has_facts() -> None:
    facts = scan_facts([plain_scan(np.zeros((3, 3, 3), dtype=np.uint8))])
    assert facts.channels[0]["p95_sd"] == 0.0


def test_ranges_are_plain_json_and_recognised_again(tmp_path: Path) -> None:
    ranges = ranges_of([scan_facts([ct(1)])])
    (tmp_path / "r.json").write_text(json.dumps(ranges, allow_nan=False))
    again = json.loads((tmp_path / "r.json").read_text())
    assert again == ranges
    assert are_ranges(again, channels=1)
    assert not are_ranges(again, channels=2)
    assert are_ranges({}, channels=5)


@pytest.mark.parametrize("key", ["spacing", "extent", "channels"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"low": [1, 2, 3]}, {"low": [1, 2], "high": ["a", "b"]}, [{"mean": 3}]])
def test_what_is_no_ranges_is_told(key: str, value: Any) -> None:
    assert not are_ranges({**ranges_of([scan_facts([ct(1)])]), key: value}, channels=1)


def test_without_ranges_nothing_is_said() -> None:
    assert differences(scan_facts([ct(1)]), {}, modality="mri") == []
