"""Checkpoints: whole or not there, the last two kept, damage found."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import EventReader
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.learning.training.checkpoint import (
    Checkpoint,
    find_resume_point,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from SSLSegmentationLib.learning.training.state import TrainingState
from Testing.disks import small_disk


def checkpoint(step: int) -> Checkpoint:
    tensors = {"network/a": torch.full((3, 2), float(step)), "optimiser/0/step": torch.tensor(float(step))}
    return Checkpoint(tensors, TrainingState(step=step, scores={"dice": 0.5}))


def test_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    loaded = load_checkpoint(save_checkpoint(tmp_path, checkpoint(12)))
    assert loaded is not None
    assert loaded.state == checkpoint(12).state
    assert torch.equal(loaded.group("network")["a"], torch.full((3, 2), 12.0))
    assert loaded.group("optimiser")["0/step"].shape == ()


def test_state_of_an_earlier_version_is_read_and_scores_that_are_no_numbers_are_left_out() -> None:
    state = TrainingState.from_json('{"step": 7, "best_loss": 0.5, "scores": {"dice": 0.25, "dice_a": NaN}}')
    assert state == TrainingState(step=7, best_loss=0.5, scores={"dice": 0.25})


def test_only_the_newest_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 20, 300):
        save_checkpoint(tmp_path, checkpoint(step))
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000020.safetensors", "step-000000300.safetensors"]


def test_full_disk_is_told_and_leaves_the_checkpoint_before_alone(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        before = save_checkpoint(disk, checkpoint(1))
        large = Checkpoint({"network/a": torch.zeros(100_000)}, TrainingState(step=2))
        with pytest.raises(SSLSegmentationError) as caught:
            save_checkpoint(disk, large)
        assert (caught.value.code, caught.value.exit_code) == ("disk.full", 6)
        assert list(disk.iterdir()) == [before]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone", "garbage"])
def test_damage_is_found(tmp_path: Path, damage: str) -> None:
    path = save_checkpoint(tmp_path, checkpoint(1))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[:-3])
    elif damage == "flip":
        data[-2] ^= 1
        path.write_bytes(data)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "garbage":
        path.write_bytes(b"\x80\x04}" * 50)
    else:
        path.unlink()
    assert load_checkpoint(path) is None


def job_with(folder: Path, steps: tuple[int, ...]) -> JobRun:
    with JobRun.open(folder, config=Config(), command="pretrain", resume=False, decided={}) as job:
        for step in steps:
            path = save_checkpoint(job.folder.checkpoint, checkpoint(step))
            job.emit("artifact", kind="checkpoint", path=f"checkpoint/{path.name}", step=step)
        job.folder.cancel.touch()
        with pytest.raises(SSLSegmentationError):
            job.check_cancelled()
    (folder / "status.json").write_text((folder / "status.json").read_text().replace("done", "running"))
    return JobRun.open(folder, config=Config(), command="pretrain", resume=True, decided={})


def test_resume_takes_the_newest_sound_checkpoint_and_names_the_damaged_one(tmp_path: Path) -> None:
    with job_with(tmp_path / "job", (5, 9)) as job:
        (job.folder.checkpoint / "step-000000009.safetensors").write_bytes(b"cut")
        found = find_resume_point(job)
        assert found is not None
        assert found.state.step == 5
        warnings = [event for event in EventReader(job.folder.events).poll() if event.event == "warning"]
        assert "step-000000009" in warnings[-1].fields["message"]


def test_resume_without_any_checkpoint_starts_from_step_zero_and_says_so(tmp_path: Path) -> None:
    with job_with(tmp_path / "job", ()) as job:
        assert find_resume_point(job) is None
        last = EventReader(job.folder.events).poll()[-1]
        assert "step 0" in last.fields["message"]


def test_resume_with_no_sound_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError) as caught, job_with(tmp_path / "job", (5, 9)) as job:
        for path in list_checkpoints(job.folder.checkpoint):
            path.unlink()
        find_resume_point(job)
    assert caught.value.code == "job.no_checkpoint"
