"""`metrics.csv`: whatever a tissue is called, each score stays in its own column."""

from __future__ import annotations

import csv
from pathlib import Path

from SSLSegmentationLib.learning.training.metrics import FIXED_COLUMNS, MetricsFile

SCORES = ("dice", "dice_kidney, left", 'dice_the "right" one', "dice_Körper")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_names_with_commas_and_quotes_keep_their_columns_also_after_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    metrics = MetricsFile(path, scores=SCORES, last_step=0)
    for step in (5, 10):
        metrics.append({"step": step, "loss": 0.5, **{name: step + number / 10 for number, name in enumerate(SCORES)}})
    before = rows(path)
    assert tuple(before[0]) == (*FIXED_COLUMNS, *SCORES)
    assert [before[1][name] for name in SCORES] == ["10", "10.1", "10.2", "10.3"]
    MetricsFile(path, scores=SCORES, last_step=5)
    assert rows(path) == before[:1]


def test_what_is_missing_or_no_number_is_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    MetricsFile(path, scores=SCORES, last_step=0).append({"step": 1, "stage": "train", "dice": float("nan")})
    (row,) = rows(path)
    assert {name for name, value in row.items() if value} == {"step", "stage"}
