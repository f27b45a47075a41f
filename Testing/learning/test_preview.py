"""The preview of corruptions: picture, facts, and no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.preview import draw_picture, make_preview
from Testing.data import real_data


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(6):
        array = np.random.default_rng(number).integers(0, 900, (6, 40, 52 + number)).astype(np.int16)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(folder / f"scan_{number}.nii.gz"))
    return folder


def config(scans, dims=2, **pretext):
    return parse({"data": {"unlabelled": str(scans)}, "network": {"dims": dims}, "pretext": pretext})


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("task", ["context_prediction", "context_restoration"])
def test_rows_differ_from_their_target_exactly_where_the_mask_is(scans, task, dims):
    preview = make_preview(config(scans, dims, task=task, patch_size=8 if dims == 2 else 4))
    assert len(preview.shape) == dims
    assert len(preview.rows) == 4
    assert preview.corrupted_area >= 0.25
    assert 0 < preview.displaced_area <= preview.corrupted_area
    for row in preview.rows:
        assert row.target.shape == (1, *preview.shape)
        changed = (row.corrupted != row.target).any(axis=0)
        assert changed.any()
        assert not (changed & ~row.mask).any()


def test_the_same_config_gives_the_same_preview(scans):
    one, same, other = (make_preview(parse({"data": {"unlabelled": str(scans)}, "seed": seed})) for seed in (1, 1, 2))
    assert all(np.array_equal(a.corrupted, b.corrupted) for a, b in zip(one.rows, same.rows, strict=True))
    assert not all(np.array_equal(a.corrupted, b.corrupted) for a, b in zip(one.rows, other.rows, strict=True))


@pytest.mark.parametrize("dims", [2, 3])
def test_the_picture_is_a_png_that_shows_something(scans, tmp_path, dims):
    path = tmp_path / "out" / "picture.png"
    draw_picture(make_preview(config(scans, dims, patch_size=4)), path)
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    assert pixels.shape[0] > 400
    assert pixels[..., :3].std() > 20


def test_a_patch_size_that_does_not_fit_names_the_largest_one(scans):
    with pytest.raises(SSLSegmentationError, match="largest patch size") as error:
        make_preview(config(scans, patch_size=64))
    assert error.value.code == "config.infeasible"


def test_a_task_without_a_preview_names_those_that_have_one(scans):
    with pytest.raises(SSLSegmentationError, match="contrastive") as error:
        make_preview(config(scans, task="contrastive"))
    assert error.value.code == "config.conflict"
    assert "context_restoration" in error.value.hint


def run_preview(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "SSLSegmentationLib", "preview", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_writes_the_picture_and_prints_the_displaced_area(scans, tmp_path):
    settings = tmp_path / "config.yaml"
    settings.write_text("data: {unlabelled: scans}\npretext: {patch_size: 8}\n", encoding="utf-8")
    output = tmp_path / "Bilder für später"
    plain = run_preview(str(settings), "--output", str(output))
    assert plain.returncode == 0, plain.stderr
    assert str(output / "context_restoration.png") in plain.stdout
    assert "% of the area has another value" in plain.stdout
    facts = run_preview(str(settings), "--output", str(output), "--json", "--set", "pretext.task=context_prediction")
    assert facts.returncode == 0, facts.stderr
    answer = json.loads(facts.stdout)
    assert answer["path"] == str(output / "context_prediction.png")
    assert (answer["patch_size"], answer["training_shape"], answer["masks"]) == (8, [40, 56], 100)
    assert sorted(path.name for path in output.iterdir()) == ["context_prediction.png", "context_restoration.png"]


def test_the_command_needs_no_torch(scans, tmp_path):
    settings = tmp_path / "config.yaml"
    settings.write_text("data: {unlabelled: scans}\npretext: {patch_size: 8}\n", encoding="utf-8")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from SSLSegmentationLib.cli import main\n"
        f"raise SystemExit(main(['preview', {str(settings)!r}, '--output', {str(tmp_path / 'out')!r}]))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "context_restoration.png").is_file()


def test_an_impossible_patch_size_is_wrong_use_and_writes_nothing(scans, tmp_path):
    settings = tmp_path / "config.yaml"
    settings.write_text("data: {unlabelled: scans}\npretext: {patch_size: 64}\n", encoding="utf-8")
    result = run_preview(str(settings), "--output", str(tmp_path / "out"))
    assert result.returncode == 2
    assert result.stderr.startswith("error:")
    assert not (tmp_path / "out").exists()


def test_real_scans_can_be_previewed():
    folder = real_data("hippocampus_mri")
    data = {"dataset": str(folder / "dataset.json"), "splits": str(folder / "splits.json")}
    preview = make_preview(parse({"data": data, "pretext": {"patch_size": 8}}))
    assert preview.displaced_area >= 0.25
    assert all(abs(float(row.target.mean())) < 2 for row in preview.rows)
