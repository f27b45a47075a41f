"""The batch size where the config leaves it open: bounded by memory, and kept by a resumed run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import EventReader
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.learning.runs import batch_size
from SSLSegmentationLib.learning.runs.batch_size import decide_batch_size, fitting_batch, step_bytes

NETWORK = {"name": "unet", "dims": 2, "base_width": 32, "levels": 5, "in_channels": 3, "out_channels": 5}
GIGABYTE = 10**9


def decided(folder: Path, *, free: int | None, config: Config, resume: bool = False, side: int = 512) -> tuple[int, list[str]]:
    """The batch size that a run decides with `free` bytes of memory, and its warnings; the run is then cancelled."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SSLSegmentationError, match="cancelled"):
        patch.setattr(batch_size, "available_memory", lambda: free)
        with JobRun.open(folder, config=config, command="finetune", resume=resume, decided={"threads": 1}) as job:
            size = decide_batch_size(job, network=NETWORK, shape=(side, side), device=torch.device("cpu"))
            job.folder.request_cancel()
            job.check_cancelled()
    events = EventReader(folder / "events.jsonl").poll()
    return size, [event.fields["message"] for event in events if event.event == "warning"]


def test_usual_batch_stays_where_memory_suffices(tmp_path: Path) -> None:
    assert decided(tmp_path / "small", free=4 * GIGABYTE, config=Config(), side=56) == (24, [])
    assert decided(tmp_path / "unknown", free=None, config=Config()) == (24, [])


def test_batch_shrinks_to_the_memory_with_one_warning_and_a_resumed_run_keeps_it(tmp_path: Path) -> None:
    size, (warning,) = decided(tmp_path / "job", free=4 * GIGABYTE, config=Config())
    assert size in (1, 3, 6, 12)
    assert step_bytes(size, voxels=512 * 512, network=NETWORK) < 4 * GIGABYTE
    assert f"{size} instead of 24 images of 512 × 512 voxels" in warning
    assert "4.0 GB" in warning
    assert decided(tmp_path / "job", free=400 * GIGABYTE, config=Config(), resume=True) == (size, [warning])


def test_given_batch_size_is_taken_whatever_memory_there_is(tmp_path: Path) -> None:
    assert decided(tmp_path / "job", free=1, config=parse({"train": {"batch_size": 17}})) == (17, [])


def test_batch_has_one_image_at_least(tmp_path: Path) -> None:
    assert fitting_batch(24, voxels=512 * 512, network=NETWORK, free_bytes=1) == 1
