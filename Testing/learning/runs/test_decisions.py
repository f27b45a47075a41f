"""What runs decide for themselves and tell: the device, the batch, sizes that shrink, settings that do nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.learning.commands import train
from SSLSegmentationLib.learning.device import CudaDevices
from SSLSegmentationLib.learning.model_package import load_model
from SSLSegmentationLib.learning.precision import decide_precision
from Testing.learning.phantom_data import events_of, finetune, warnings_of, write_config, write_data


def test_graphics_card_that_torch_cannot_use_leaves_the_run_to_the_cpu_with_one_warning(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(train, "find_cuda", lambda: CudaDevices((8,)))
    assert finetune(tmp_path, data) == 0
    (warning,) = warnings_of(tmp_path / "job")
    assert "the CPU computes" in warning
    decided = json.loads((tmp_path / "job" / "config.json").read_text(encoding="utf-8"))["decided"]
    assert decided["device"] == "cpu"
    assert decided["precision"] == decide_precision("auto", device="cpu", cuda=CudaDevices())
    (tmp_path / "asked").mkdir()
    assert finetune(tmp_path / "asked", data, "--set", "device=cuda") == 4
    assert "--set device=cpu" in capsys.readouterr().err


def test_describing_the_training_scans_is_told_and_can_be_cancelled_and_resumed(
    tmp_path: Path, data: Path, cancel_at_the_end: Callable[[Path], None]
) -> None:
    cancel_at_the_end(tmp_path / "job")
    assert finetune(tmp_path, data) == 8
    metrics = (tmp_path / "job" / "metrics.csv").read_text(encoding="utf-8")
    assert metrics.splitlines()[-1].startswith("6,")
    assert finetune(tmp_path, data, "--resume") == 0
    assert (tmp_path / "job" / "metrics.csv").read_text(encoding="utf-8") == metrics
    events = events_of(tmp_path / "job")
    assert [event["name"] for event in events if event["event"] == "phase"].count("describe_scans") == 2


def test_early_stopping_without_validation_cases_is_a_warning(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data", count=1)
    assert finetune(tmp_path, folder, train={"early_stopping": True}) == 0
    (warning,) = warnings_of(tmp_path / "job")
    assert "no validation cases" in warning


def test_automatic_patches_that_had_to_shrink_are_a_warning(tmp_path: Path, data: Path) -> None:
    config = write_config(tmp_path, data, pretext={"patch_size": "auto"}, preprocess={"training_shape": [24, 24]})
    assert main(["pretrain", str(config), "--job", str(tmp_path / "job")]) == 0
    (warning,) = [text for text in warnings_of(tmp_path / "job") if "Patches" in text]
    assert "instead of 32 voxels a side" in warning


def test_automatic_batch_size_is_noted_in_the_jobs_config(tmp_path: Path, data: Path) -> None:
    assert finetune(tmp_path, data, train={"batch_size": "auto", "max_steps": 1}) == 0
    record = json.loads((tmp_path / "job" / "config.json").read_text(encoding="utf-8"))
    assert record["decided"]["batch_size"] == 24 == load_model(tmp_path / "job")[0].training["batch_size"]
    assert record["train"]["batch_size"] == "auto"
