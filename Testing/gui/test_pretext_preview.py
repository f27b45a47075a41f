"""The preview shows what pretraining does: compared number by number with the engine's own corruption."""

from __future__ import annotations

import gc
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.client import clean_environment
from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.pretext_preview import Masks, preview_slice, slice_axis_of
from SSLSegmentationLib.imaging.masks import make_pool
from Testing.gui import engine_corruption
from Testing.gui.engine import backend_python
from Testing.harness.watchdog import LONGEST_BLOCK

# RAS directions under which an array is as the engine keeps it: columns to the left, rows to the back, slices to the head.
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
CASES = {
    "mri_restoration": {"pretext": {"task": "context_restoration", "patch_size": 8}, "seed": 3},
    "mri_prediction": {"pretext": {"task": "context_prediction", "patch_size": 8}, "seed": 4},
    "random": {"pretext": {"task": "context_restoration", "patch_size": 4, "sampling": "random", "corrupted_area": 0.4}},
    "ct": {"data": {"modality": "ct"}, "pretext": {"task": "context_restoration", "patch_size": 16}},
    "auto": {"pretext": {"task": "context_prediction"}},
    "in_3d": {"network": {"dims": 3}, "pretext": {"task": "context_restoration", "patch_size": 4}},
    "in_3d_prediction": {"network": {"dims": 3}, "pretext": {"task": "context_prediction", "patch_size": 4}},
}
SPACING = (0.8, 0.8, 0.9)


def add_volume(array, spacing=(1.0, 1.0, 1.0), name="scan"):
    return slicer.util.addVolumeFromArray(array, ijkToRAS=LPS @ np.diag([*spacing, 1.0]), name=name)


def preview(volume, config, **choice):
    return Operation(preview_slice(volume, config, **choice)).wait(60)


def grey(values, original):
    """Grey values as the picture has them: 0.5 to 99.5 % of the original slice from black to white."""
    low, high = (float(value) for value in np.percentile(original, (0.5, 99.5)))
    return np.clip(np.rint((values - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """name → (array, config, what the engine made of it)."""
    folder = tmp_path_factory.mktemp("engine")
    rng = np.random.default_rng(0)
    cases, arrays = [], {}
    for name, config in CASES.items():
        # One slice, whose statistics are the scan's; 45 and 50 are padded to whole multiples of 8.
        shape = (16, 24, 32) if "3d" in name else (1, 45, 50)
        arrays[name] = (rng.normal(40, 90, shape)).astype(np.int16)
        np.save(folder / f"{name}.npy", arrays[name])
        full = {**config, "pretext": {**config["pretext"], "mask_pool": 3}, "preprocess": {"slice_axis": "axial"}}
        cases.append({"name": name, "config": full, "array": str(folder / f"{name}.npy"), "spacing": SPACING})
    (folder / "cases.json").write_text(json.dumps(cases))
    root = Path(engine_corruption.__file__).resolve().parents[2]
    words = [backend_python(), engine_corruption.__file__, str(folder / "cases.json"), str(folder)]
    done = subprocess.run(
        words, env={**clean_environment(), "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {case["name"]: (arrays[case["name"]], case["config"], np.load(folder / f"{case['name']}.npz")) for case in cases}


@pytest.mark.parametrize("name", CASES)
def test_the_preview_equals_the_engines_corruption(scene, engine, name):
    array, config, made = engine[name]
    parsed = parse(config)
    for index in (0,) if parsed.network.dims == 2 else (0, 7, 15):
        shown = preview(add_volume(array, SPACING), parsed, index=index)
        original, corrupted = made["original"][0], made["corrupted"][0]
        if parsed.network.dims == 3:
            original, corrupted = original[index], corrupted[index]
        np.testing.assert_array_equal(shown.original, grey(original, original))
        np.testing.assert_array_equal(shown.corrupted, grey(corrupted, original))
        assert shown.patch_size == made["patch_size"]
        assert np.count_nonzero(shown.difference) == np.count_nonzero(
            np.rint(np.abs(corrupted - original) * 255 / span(original))
        )


def span(values):
    low, high = np.percentile(values, (0.5, 99.5))
    return high - low


def test_the_displaced_share_is_that_of_the_mask(scene):
    config = parse({"pretext": {"patch_size": 8, "corrupted_area": 0.3}, "seed": 5})
    shown = preview(add_volume(np.random.default_rng(1).integers(0, 999, (3, 64, 64)).astype(np.int16)), config)
    pool = make_pool(shape=(64, 64), patch_size=8, area=0.3, sampling="poisson_disc", count=1, pairs=True, seed=5)
    assert shown.displaced == pool.displaced[0] >= 0.29
    # Noise hardly ever repeats: what is displaced shows.
    assert np.mean(shown.difference > 0) == pytest.approx(shown.displaced, abs=0.01)
    assert (shown.index, shown.count, shown.shape) == (1, 3, (64, 64))


def test_other_seeds_place_other_masks_and_the_same_seed_the_same(scene):
    volume = add_volume(np.random.default_rng(1).integers(0, 999, (1, 64, 64)).astype(np.int16))
    first, again, other = (preview(volume, parse({"pretext": {"patch_size": 8}, "seed": seed})) for seed in (1, 1, 2))
    assert np.array_equal(first.corrupted, again.corrupted)
    assert not np.array_equal(first.corrupted, other.corrupted)


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("flip", [False, True])
def test_slices_are_those_of_the_plane_with_front_or_head_on_top(scene, axis, flip):
    # Each voxel says where it is: columns to the left, rows to the back, slices to the head.
    slices, rows, columns = np.indices((16, 24, 32), dtype=np.float32)
    array = {"axial": 100 * slices + rows, "coronal": 100 * rows - slices, "sagittal": 100 * columns - slices}[axis]
    matrix = LPS.copy()
    if flip:
        array, matrix = array[::-1, ::-1, ::-1].copy(), np.diag([1.0, 1.0, -1.0, 1.0])
    volume = slicer.util.addVolumeFromArray(array, ijkToRAS=matrix)
    config = parse({"preprocess": {"slice_axis": axis}, "pretext": {"patch_size": 4}})
    shown = preview(volume, config, index=2)
    assert shown.slice_axis == axis == slice_axis_of(volume, config)[0]
    assert shown.count == {"axial": 16, "coronal": 24, "sagittal": 32}[axis]
    # Within the slice, values rise downwards: to the back, or to the feet.
    assert (np.diff(shown.original[:, 4].astype(int)) >= 0).all()
    assert shown.original[0, 4] < shown.original[-1, 4]


def test_spacing_is_that_of_the_slice(scene):
    volume = add_volume(np.zeros((4, 16, 16), np.float32) + np.arange(16), (0.5, 0.7, 3.0))
    assert preview(volume, parse({"pretext": {"patch_size": 4}})).spacing == pytest.approx((0.7, 0.5))


def test_resampled_scans_are_shown_resampled(scene):
    volume = add_volume(np.random.default_rng(0).normal(size=(4, 32, 32)).astype(np.float32), (1.0, 1.0, 4.0))
    config = parse({"preprocess": {"spacing": [4.0, 2.0, 2.0]}, "pretext": {"patch_size": 4}})
    shown = preview(volume, config, index=1)
    assert shown.original.shape == (16, 16)
    assert shown.spacing == pytest.approx((2.0, 2.0))
    in_3d = parse({"network": {"dims": 3}, "preprocess": {"spacing": [2.0, 2.0, 2.0]}, "pretext": {"patch_size": 4}})
    assert preview(volume, in_3d, index=3).original.shape == (16, 16)


def test_a_slice_without_contrast_is_shown(scene):
    shown = preview(add_volume(np.full((2, 32, 32), 7, np.int16)), parse({"pretext": {"patch_size": 4}}))
    assert shown.difference.max() == 0


def test_patches_that_do_not_fit_end_in_the_engines_proposal(scene):
    with pytest.raises(SSLSegmentationError, match="The largest patch size that fits is") as caught:
        preview(add_volume(np.zeros((1, 64, 64), np.int16)), parse({"pretext": {"patch_size": 64}}))
    assert caught.value.code == "config.infeasible"


def test_a_task_without_a_picture_says_so(scene):
    with pytest.raises(SSLSegmentationError, match="no preview of this task") as caught:
        preview(add_volume(np.zeros((1, 64, 64), np.int16)), parse({"pretext": {"task": "contrastive"}}))
    assert "context restoration" in caught.value.hint


def test_a_mask_is_drawn_once_for_all_slices(scene):
    masks, config = Masks(), parse({"pretext": {"patch_size": 8}})
    volume = add_volume(np.random.default_rng(0).normal(size=(12, 64, 64)).astype(np.float32))
    for index in range(12):
        preview(volume, config, index=index, masks=masks)
    assert len(masks._known) == 1
    for seed in range(12):
        preview(volume, parse({"pretext": {"patch_size": 8}, "seed": seed}), masks=masks)
    assert len(masks._known) == 8


def longest_step(steps):
    """CPU seconds of the longest step, and of all."""
    began = before = time.process_time()
    longest = 0.0
    while True:
        try:
            next(steps)
        except StopIteration:
            now = time.process_time()
            return max(longest, now - before), now - began
        now = time.process_time()
        longest, before = max(longest, now - before), now


@pytest.fixture
def no_collections():
    """A full garbage collection walks through all that the test process has loaded, which is not the step's own time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("pretext", [{}, {"patch_size": 8}, {"patch_size": 4, "sampling": "random"}], ids=str)
def test_no_step_of_a_large_scan_takes_100_ms(scene, pretext, dims):
    shape = (3, 512, 512) if dims == 2 else (128, 160, 160)
    volume = add_volume(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    config = parse({"data": {"modality": "ct"}, "network": {"dims": dims}, "pretext": pretext})
    preview(add_volume(np.zeros((1, 64, 64), np.float32)), parse({"pretext": {"patch_size": 8}}))
    # The processor's time: other programs on the machine do not count.
    assert longest_step(preview_slice(volume, config))[0] < LONGEST_BLOCK
