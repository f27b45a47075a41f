"""`sslseg predict --check`: what scans are compared with the training scans, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.imaging.familiarity import ranges_of, scan_facts
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.imaging.writers import write_scan
from Testing.learning.prediction.small_models import model_card, save_untrained

SHAPE = (6, 20, 24)


def scan(*, spacing: float = 1.0, seed: int = 0) -> Scan:
    geometry = Geometry(SHAPE, (spacing, spacing, 3.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    return Scan(np.random.default_rng(seed).gamma(2.0, 50.0, SHAPE).astype(np.float32), geometry)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that was trained on scans of 1 mm."""
    return save_untrained(tmp_path / "model", model_card(intensity=ranges_of([scan_facts([scan(seed=7)])])))


def check(model: Path, scans: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    code = main(["predict", str(model), str(scans), "--output", str(scans.parent / "out"), "--check", "--json"])
    rows = json.loads(capsys.readouterr().out)
    return code, {Path(row["inputs"][0]).name: row for row in rows}


def test_scans_that_look_different_are_told_and_nothing_is_written(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, made in {"like": scan(), "coarse": scan(spacing=5.0)}.items():
        write_scan(tmp_path / "scans" / f"{name}.nii.gz", made)
    code, rows = check(model, tmp_path / "scans", capsys)
    assert code == 0
    assert rows["like.nii.gz"]["warnings"] == []
    assert any("voxel spacing" in str(warning) for warning in rows["coarse.nii.gz"]["warnings"])  # type: ignore[attr-defined]  # of JSON
    assert not (tmp_path / "out").exists()


def test_a_scan_that_cannot_be_used_is_named_as_when_it_is_computed(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holed = scan().array.copy()
    holed[2, 3, 4] = np.nan
    write_scan(tmp_path / "scans" / "holed.nii.gz", Scan(holed, scan().geometry))
    write_scan(tmp_path / "scans" / "whole.nii.gz", scan())
    code, rows = check(model, tmp_path / "scans", capsys)
    assert code == 3
    assert rows["holed.nii.gz"]["error"]["code"] == "data.not_finite"  # type: ignore[index]  # of JSON
    assert rows["whole.nii.gz"]["stem"] == "whole"
