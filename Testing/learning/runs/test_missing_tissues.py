"""Runs on label maps in which a tissue, or every tissue, is missing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.learning.model_package import load_model
from Testing.learning.phantom_data import change_labels, finetune, tissues_of, warnings_of, write_data


def without(array: Any, value: int) -> Any:
    """The label map without a tissue."""
    array[array == value] = 0
    return array


def only_some_voxels(array: Any, value: int) -> Any:
    """The label map with the first few voxels of `value` alone."""
    places = np.flatnonzero(array == value)
    array.reshape(-1)[places[4:]] = 0
    return array


def test_tissue_that_no_validation_case_has_gets_no_score_and_costs_no_model(
    tmp_path: Path, cancel_at_the_end: Callable[[Path], None]
) -> None:
    folder = write_data(tmp_path / "data", count=4)
    tissues = tissues_of(folder)
    absent = tissues[0]
    change_labels(folder, "p3", lambda array: without(array, absent.value))
    # The tissue is so rare in training that the network does not see it in the validation case either.
    for case in ("p0", "p1", "p2"):
        change_labels(folder, case, lambda array: only_some_voxels(array, absent.value))
    splits = {"train": ["p0", "p1", "p2"], "validation": ["p3"]}
    (tmp_path / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    sections: dict[str, dict[str, object]] = {
        "data": {"splits": str(tmp_path / "splits.json")},
        "train": {"max_steps": 40, "validate_every": 10, "learning_rate": 0.01, "keep": "best"},
        "augment": {"enabled": False},
    }
    cancel_at_the_end(tmp_path / "job")
    assert finetune(tmp_path, folder, **sections) == 8
    assert not (tmp_path / "job" / "model").exists()
    assert finetune(tmp_path, folder, "--resume", **sections) == 0
    known = {"dice", *(f"dice_{tissue.name}" for tissue in tissues if tissue is not absent)}
    card, _ = load_model(tmp_path / "job")
    assert set(card.validation) == known
    with (tmp_path / "job" / "metrics.csv").open(encoding="utf-8", newline="") as handle:
        last = list(csv.DictReader(handle))[-1]
    assert last[f"dice_{absent.name}"] == ""
    assert all(last[name] for name in known)


def test_tissue_without_a_labelled_voxel_is_named_in_one_warning(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data", count=3)
    tissues = tissues_of(folder)
    for case in ("p0", "p1", "p2"):
        change_labels(folder, case, lambda array: without(array, tissues[1].value))
    assert finetune(tmp_path, folder) == 0
    (warning,) = [text for text in warnings_of(tmp_path / "job") if "holds a voxel" in text]
    assert f"{tissues[1].name} ({tissues[1].value})" in warning
    assert tissues[0].name not in warning


def test_label_maps_without_any_tissue_are_refused_naming_the_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_data(tmp_path / "data", count=3)
    for case in ("p0", "p1", "p2"):
        change_labels(folder, case, lambda array: array * 0)
    assert finetune(tmp_path, folder) == 3
    shown = capsys.readouterr().err
    assert "[data.no_cases]" in shown
    assert "p1" in shown
