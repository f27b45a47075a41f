"""Which predictor is kept between commands, and what happens where memory ends."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from SSLSegmentationLib.learning.model_package import zip_model
from SSLSegmentationLib.learning.prediction.predictor import Predictor
from SSLSegmentationLib.learning.prediction.warm import WarmPredictors
from Testing.learning.prediction.small_models import model_card, save_untrained


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_untrained(tmp_path / "model", model_card())


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms("ct_l3", folder=folder, count=3, seed=0)
    return folder / "images"


def get(warm: WarmPredictors, model: Path, **changes: Any) -> Predictor:
    return warm.get(model, **{"device": "cpu", "memory_bytes": None, **changes})


def test_the_same_model_is_loaded_once(model: Path) -> None:
    warm = WarmPredictors()
    first = get(warm, model)
    assert warm.holds(model, device="cpu", memory_bytes=None)
    assert get(warm, model / ".." / "model") is first
    warm.drop()
    assert not warm.holds(model, device="cpu", memory_bytes=None)
    assert get(warm, model) is not first


@pytest.mark.parametrize("changes", [{"device": "auto"}, {"memory_bytes": 10**10}])
def test_other_settings_make_another_predictor(model: Path, changes: dict[str, Any]) -> None:
    warm = WarmPredictors()
    first = get(warm, model)
    assert get(warm, model, **changes) is not first


def test_a_changed_model_is_loaded_anew(model: Path) -> None:
    warm = WarmPredictors()
    first = get(warm, model)
    save_untrained(model, model_card(), seed=1)
    second = get(warm, model)
    assert second is not first
    # Equal size and time, another file.
    stamp = (model / "weights.safetensors").stat()
    save_untrained(model, model_card(), seed=2)
    os.utime(model / "weights.safetensors", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert get(warm, model) is not second


def test_a_changed_archive_is_loaded_anew(model: Path, tmp_path: Path) -> None:
    warm = WarmPredictors()
    zip_model(model, tmp_path / "m.zip")
    first = get(warm, tmp_path / "m.zip")
    assert get(warm, tmp_path / "m.zip") is first
    zip_model(save_untrained(tmp_path / "other", model_card(), seed=1), tmp_path / "m.zip")
    assert get(warm, tmp_path / "m.zip") is not first


def test_a_model_that_is_gone_is_not_taken_from_memory(model: Path) -> None:
    warm = WarmPredictors()
    get(warm, model)
    shutil.rmtree(model)
    with pytest.raises(SSLSegmentationError, match="no model"):
        get(warm, model)


class Shares(Reporter):
    """Keeps the progress."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.shares: list[float] = []

    def progress(self, text: str, *, share: float | None = None, seconds_left: float | None = None) -> None:
        assert share is not None and 0 <= share <= 1 and (seconds_left is None or seconds_left >= 0)
        self.texts.append(text)
        self.shares.append(share)


def predict(model: Path, scans: Path, output: Path, kept: dict[str, Any], *, reporter: Reporter | None = None) -> int:
    return main(["predict", str(model), str(scans), "--output", str(output), "--json"], reporter=reporter, kept=kept)


def let_memory_end(monkeypatch: pytest.MonkeyPatch, *, at: Callable[[int], bool]) -> None:
    """In those computations of scans, counted from 1, of any predictor."""
    counted = itertools.count(1)
    compute = Predictor.compute

    def short_of_memory(predictor: Predictor, *words: Any, **options: Any) -> Any:
        if at(next(counted)):
            raise MemoryError
        return compute(predictor, *words, **options)

    monkeypatch.setattr(Predictor, "compute", short_of_memory)


def test_where_memory_ends_the_kept_model_goes_and_the_rest_is_done(
    model: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: dict[str, Any] = {}
    assert predict(model, scans, tmp_path / "a", kept) == 0
    before = get(kept["predictors"], model, device="auto")
    capsys.readouterr()
    let_memory_end(monkeypatch, at=lambda number: number == 2)
    reporter = Shares()
    assert predict(model, scans, tmp_path / "b", kept, reporter=reporter) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [Path(row["labels"]).name for row in rows] == sorted(path.name for path in scans.iterdir())
    assert get(kept["predictors"], model, device="auto") is not before
    assert reporter.texts[-1] == "scan 3 of 3" and max(reporter.shares) == 1.0


def test_where_memory_ends_again_it_is_told(model: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Any] = {}
    assert predict(model, scans, tmp_path / "a", kept) == 0
    let_memory_end(monkeypatch, at=lambda number: True)
    assert predict(model, scans, tmp_path / "b", kept) == 5
    assert not kept["predictors"].holds(model, device="auto", memory_bytes=None)


def test_a_command_that_runs_alone_does_not_try_twice(
    model: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {}
    let_memory_end(monkeypatch, at=lambda number: number == 1)
    assert predict(model, scans, tmp_path / "a", kept) == 5
    assert not kept["predictors"].holds(model, device="auto", memory_bytes=None)
