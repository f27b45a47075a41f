"""Building a cache: what it holds, when it is reused, and what it says of bad cases."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.cache import build_cache, default_folder
from SSLSegmentationLib.imaging.dataset import read_case, read_case_label
from SSLSegmentationLib.imaging.preprocess import open_prepared, prepare_labels
from SSLSegmentationLib.imaging.readers import read_geometry
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map
from Testing.imaging.cache.data_sets import PLAN, TISSUES, make_cases, write_volume
from Testing.imaging.preprocess.preparing import prepared_image, whole_image


def entries(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def written_at(folder):
    return {path.name: (path / "image.npy").stat().st_mtime_ns for path in entries(folder)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cached_case_equals_the_prepared_one(tmp_path, workers):
    cases = make_cases(tmp_path / "scans")
    plan = replace(PLAN, spacing=(2.0, 1.5, 1.5), slice_axis="coronal")
    cached = build_cache(cases, plan, tissues=TISSUES, folder=tmp_path / "cache", workers=workers)
    assert [case.id for case in cached] == [case.id for case in cases]
    assert [case.subject for case in cached] == [case.subject for case in cases]
    for case, made in zip(cases, cached):
        prepared = open_prepared(read_case(case), plan)
        label_map = read_case_label(case, tissues=TISSUES, geometry=prepared.grid.geometry)
        label = prepare_labels(label_map, prepared.grid, TISSUES)
        assert isinstance(made.image, np.memmap)
        assert isinstance(made.label, np.memmap)
        assert np.array_equal(made.image, whole_image(prepared))
        assert np.array_equal(made.label, label)
        assert (made.image.dtype, made.label.dtype) == (np.float32, np.uint8)
        for number, slices in enumerate(made.class_slices):
            assert np.array_equal(slices, np.flatnonzero((label == number + 1).any(axis=(1, 2))))
        assert made.spacing == prepared.grid.spacing


def test_the_slices_of_each_tissue_are_listed(tmp_path):
    (cached,) = build_cache(make_cases(tmp_path / "scans", 1), PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert [slices.tolist() for slices in cached.class_slices] == [[1, 2], [4]]


def test_channels_and_windows_are_written_in_order(tmp_path):
    one, two = make_cases(tmp_path / "scans", 2, shape=(40, 30, 30))
    both = replace(one, images=(*one.images, *two.images))
    plan = replace(PLAN, normalisation="ct_windows", windows=((400.0, 50.0), (1800.0, 40.0)), channels=2)
    (cached,) = build_cache([both], plan, tissues=TISSUES, folder=tmp_path / "cache")
    assert cached.image.shape == (4, 40, 30, 30)
    assert np.array_equal(cached.image, prepared_image(read_case(both), plan))


def test_a_case_without_labels_has_no_slices_of_tissues(tmp_path):
    cases = make_cases(tmp_path / "scans", 1, labelled=False)
    (cached,) = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert cached.label is None
    assert cached.class_slices == ()


def test_labels_are_left_out_where_no_tissues_are_given(tmp_path):
    (cached,) = build_cache(make_cases(tmp_path / "scans", 1), PLAN, tissues=None, folder=tmp_path / "cache")
    assert cached.label is None


def test_a_second_build_reuses_every_entry(tmp_path):
    cases = make_cases(tmp_path / "scans")
    build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    before = written_at(tmp_path / "cache")
    again = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert len(before) == len(again) == 4
    assert written_at(tmp_path / "cache") == before


def test_a_moved_or_renamed_scan_is_still_known_by_its_content(tmp_path):
    cases = make_cases(tmp_path / "scans", 1)
    build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    shutil.copy(cases[0].images[0], tmp_path / "été 名.nii.gz")
    moved = replace(cases[0], id="other", images=(tmp_path / "été 名.nii.gz",))
    (cached,) = build_cache([moved], PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert cached.id == "other"
    assert len(entries(tmp_path / "cache")) == 1


@pytest.mark.parametrize("change", ["image", "label", "plan", "tissues"])
def test_other_content_or_settings_make_another_entry(tmp_path, change):
    (case,) = make_cases(tmp_path / "scans", 1)
    build_cache([case], PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    plan, tissues = PLAN, TISSUES
    if change == "image":
        write_volume(case.images[0], np.random.default_rng(9).integers(0, 9, (6, 20, 24)).astype(np.int16))
    elif change == "label":
        write_volume(case.label, np.ones((6, 20, 24), dtype=np.uint8))
    elif change == "plan":
        plan = replace(PLAN, slice_axis="sagittal")
    else:
        tissues = type(TISSUES).from_values([1, 2, 4])
    (cached,) = build_cache([case], plan, tissues=tissues, folder=tmp_path / "cache")
    assert len(entries(tmp_path / "cache")) == 2
    assert np.array_equal(cached.image, prepared_image(read_case(case), plan))


@pytest.mark.parametrize("names", [("liver", "kidney"), ("kidney", "liver")])
def test_segments_follow_the_names_of_the_table_also_after_it_was_exchanged(tmp_path, names):
    (case,) = make_cases(tmp_path / "scans", 1, labelled=False)
    array = np.zeros((6, 20, 24), dtype=np.uint8)
    array[1, 2, 3], array[4, 5, 6] = 1, 2
    own = TissueTable.from_names({1: "Liver", 2: "Kidney"})
    path = tmp_path / "scans" / "labels.seg.nrrd"
    write_label_map(path, LabelMap(array, read_geometry(case.images[0]), own))
    case = replace(case, label=path)
    for first, second in (names, names[::-1]):
        tissues = TissueTable.from_names({1: first, 2: second})
        (cached,) = build_cache([case], PLAN, tissues=tissues, folder=tmp_path / "cache")
        assert cached.label[1, 2, 3] == (1 if first == "liver" else 2)
        assert [slices.tolist() for slices in cached.class_slices] == ([[1], [4]] if first == "liver" else [[4], [1]])


def test_the_detached_data_of_a_header_count_as_content(tmp_path):
    array = np.random.default_rng(0).integers(0, 9, (6, 20, 24)).astype(np.int16)
    (case,) = make_cases(tmp_path / "scans", 1, labelled=False)
    path = write_volume(tmp_path / "scans" / "scan.mhd", array)
    case = replace(case, images=(path,))
    (first,) = build_cache([case], PLAN, tissues=None, folder=tmp_path / "cache")
    write_volume(path, array[::-1].copy())
    (second,) = build_cache([case], PLAN, tissues=None, folder=tmp_path / "cache")
    assert not np.array_equal(first.image, second.image)


@pytest.mark.parametrize("damage", ["image bit", "image short", "label gone", "facts gone", "facts cut", "facts changed"])
def test_a_damaged_entry_is_made_again_with_a_warning(tmp_path, damage):
    cases = make_cases(tmp_path / "scans", 1)
    build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    image, facts = entry / "image.npy", entry / "entry.json"
    if damage == "image bit":
        content = bytearray(image.read_bytes())
        content[-7] ^= 1
        image.write_bytes(content)
    elif damage == "image short":
        image.write_bytes(image.read_bytes()[:-4])
    elif damage == "label gone":
        (entry / "label.npy").unlink()
    elif damage == "facts gone":
        facts.unlink()
    elif damage == "facts cut":
        facts.write_text(facts.read_text()[:20])
    else:
        facts.write_text(facts.read_text().replace("[1, 2]", "[1, 3]"))
    (cached,) = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert "scan_0" in cached.warnings[0]
    assert "damaged" in cached.warnings[0]
    assert np.array_equal(cached.image, prepared_image(read_case(cases[0]), PLAN))
    (sound,) = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert sound.warnings == ()
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_file_in_the_place_of_an_entry_is_replaced(tmp_path):
    cases = make_cases(tmp_path / "scans", 1)
    build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    shutil.rmtree(entry)
    entry.write_text("not a folder")
    (cached,) = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert cached.image.shape == (1, 6, 20, 24)


def test_a_constant_scan_is_cached_with_its_warning_also_on_reuse(tmp_path):
    (case,) = make_cases(tmp_path / "scans", 1, labelled=False)
    write_volume(case.images[0], np.full((4, 9, 9), 7, dtype=np.int16))
    for _ in range(2):
        (cached,) = build_cache([case], PLAN, tissues=None, folder=tmp_path / "cache")
        assert not cached.image.any()
        assert any("same value" in warning for warning in cached.warnings)


def spoil(case, kind):
    path = case.images[0]
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:-300])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "missing":
        path.unlink()
    else:
        array = np.random.default_rng(0).normal(size=(6, 20, 24)).astype(np.float32)
        array[2, 2, 2] = np.nan
        write_volume(path, array)


@pytest.mark.parametrize(("kind", "workers"), [("truncated", 1), ("empty", 1), ("missing", 1), ("nan", 1), ("nan", 2)])
def test_a_bad_case_is_named_with_its_file(tmp_path, kind, workers):
    cases = make_cases(tmp_path / "scans", 3)
    spoil(cases[1], kind)
    with pytest.raises(SSLSegmentationError, match="scan_1") as error:
        build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache", workers=workers)
    assert error.value.code.startswith("data.")
    assert "scan_1.nii.gz" in error.value.message
    assert error.value.exit_code == 3


def test_an_unknown_label_value_names_case_and_value(tmp_path):
    (case,) = make_cases(tmp_path / "scans", 1)
    tissues = type(TISSUES).from_names({1: "one"}, given=True)
    with pytest.raises(SSLSegmentationError, match="scan_0.*4") as error:
        build_cache([case], PLAN, tissues=tissues, folder=tmp_path / "cache")
    assert error.value.code == "data.unknown_label"


def test_a_bad_case_can_be_handed_over_and_left_out(tmp_path):
    cases = make_cases(tmp_path / "scans", 3)
    spoil(cases[1], "empty")
    problems = []
    cached = build_cache(
        cases,
        PLAN,
        tissues=TISSUES,
        folder=tmp_path / "cache",
        on_problem=lambda case, error: problems.append((case.id, error.code)),
    )
    assert [case.id for case in cached] == ["scan_0", "scan_2"]
    assert [name for name, _ in problems] == ["scan_1"]


def test_progress_counts_every_case(tmp_path):
    cases = make_cases(tmp_path / "scans", 3)
    seen = []
    build_cache(
        cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache", on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_build_stops_and_leaves_only_whole_entries(tmp_path, workers):
    cases = make_cases(tmp_path / "scans", 4)
    done = []
    with pytest.raises(SSLSegmentationError) as error:
        build_cache(
            cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache", workers=workers,
            on_progress=lambda count, total: done.append(count), cancelled=lambda: len(done) >= 2,
        )  # fmt: skip
    assert error.value.code == "job.cancelled"
    assert not [path for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")]
    assert len(build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")) == 4


def test_no_cases_give_no_entries(tmp_path):
    assert build_cache([], PLAN, tissues=None, folder=tmp_path / "cache") == ()


def test_the_default_folder_is_the_environments_else_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLSEG_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here"
    (cached,) = build_cache(make_cases(tmp_path / "scans", 1), PLAN, tissues=None)
    assert cached.image.filename.is_relative_to(tmp_path / "here")
    monkeypatch.delenv("SSLSEG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_folder() == tmp_path / "user" / "SSLSegmentation"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_folder().parts[-3:] == ("Library", "Caches", "SSLSegmentation")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_folder() == tmp_path / "local" / "SSLSegmentation"
