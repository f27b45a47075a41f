"""A new pretext task is one class and one line in the table: everything else follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.config.fields import FieldInfo
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.learning.model_package import load_model
from SSLSegmentationLib.learning.pretext import TASKS
from SSLSegmentationLib.learning.pretext.task import PretextTask
from Testing.learning.phantom_data import write_config, write_data


class Denoising(PretextTask):
    """Takes noise away again."""

    description = TaskDescription(
        name="denoising",
        title="Denoising",
        summary="Noise is added; the network removes it.",
        settings=(
            ("noise_sd", 0.5, FieldInfo(kind="float", help="SD of the noise", unit="SD of the image", low=0.0, high=10.0)),
        ),
        unused={"patch_size": "no patches are used", "sampling": "no patches are used"},
    )

    def prepare(self, config: Any, *, shape: tuple[int, ...]) -> float:
        return float(config.pretext.own.get("noise_sd", 0.5))

    def draw(self, prepared: float, rng: np.random.Generator, count: int) -> int:
        return int(rng.integers(2**31))

    def corrupt(self, images: Tensor, prepared: float, draw: int) -> Tensor:
        noise = np.random.default_rng(draw).normal(0, prepared, images.shape).astype(np.float32)
        return images + images.new_tensor(noise)


@pytest.fixture
def denoising(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "denoising", Denoising())


@pytest.mark.usefixtures("denoising")
def test_new_task_pretrains_and_transfers(tmp_path: Path) -> None:
    config = write_config(tmp_path, write_data(tmp_path / "data"), pretext={"task": "denoising", "noise_sd": 0.25})
    assert main(["pretrain", str(config), "--job", str(tmp_path / "a")]) == 0
    assert main(["finetune", str(config), "--job", str(tmp_path / "b"), "--pretrained", str(tmp_path / "a")]) == 0
    assert load_model(tmp_path / "a")[0].task == "denoising"


@pytest.mark.usefixtures("denoising")
def test_new_tasks_own_settings_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, write_data(tmp_path / "data"), pretext={"task": "denoising", "noise_sd": 99})
    assert main(["pretrain", str(config), "--job", str(tmp_path / "a")]) == 2
    assert "noise_sd" in capsys.readouterr().err


def test_task_that_is_not_in_the_table_is_refused_naming_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, write_data(tmp_path / "data"), pretext={"task": "denoising"})
    assert main(["pretrain", str(config), "--job", str(tmp_path / "a")]) == 2
    assert "context_restoration" in capsys.readouterr().err
