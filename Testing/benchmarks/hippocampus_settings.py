"""Settings compared on the training scans alone, so that the 39 validation scans choose nothing.

    python -m Testing.benchmarks.hippocampus_settings [--labelled 9] [--steps 4000] NAME[:KEY=VALUE;KEY=VALUE…] …

Each named setting trains a 2D U-Net of width 16 from scratch on the first scans of label_order, with preset `default` but
for its keys, and is scored on the last 39 of label_order, as in `hippocampus`. Runs that are in the work folder already are
not repeated. Adds to results/hippocampus_settings.json.

    python -m Testing.benchmarks.hippocampus_settings default "learning rate 0.006:train.learning_rate=0.006"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from Testing.benchmarks.hippocampus import RESULTS, Bench, Run, config_of
from Testing.data import real_data

HELD_OUT = 39
RESULT = RESULTS / "hippocampus_settings.json"


def training_scans(data: Path, folder: Path) -> Path:
    """A data set of the training scans of `data` alone, the last ones of its order for validation."""
    folder.mkdir(parents=True, exist_ok=True)
    order = json.loads((data / "splits.json").read_text(encoding="utf-8"))["label_order"]
    train, validation = order[:-HELD_OUT], order[-HELD_OUT:]
    splits = {"train": train, "validation": validation, "label_order": train}
    (folder / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    (folder / "dataset.json").write_bytes((data / "dataset.json").read_bytes())
    for name in ("imagesTr", "labelsTr"):
        if not (folder / name).exists():
            (folder / name).symlink_to((data / name).resolve(), target_is_directory=True)
    return folder


def compare(setting: str, *, work: Path, data: Path, labelled: int, steps: int, threads: int) -> dict[str, Any]:
    """Trains and scores one setting."""
    name, _colon, keys = setting.partition(":")
    overrides = [key for key in keys.split(";") if key]
    train = {"keep": "last", "threads": threads, "max_steps": steps}
    config = config_of(data, seed=1, labelled=labelled, threads=threads, cache=work / "cache", train=train)
    run = Run(f"{name}, {labelled} labels, {steps} steps", "finetune", config)
    return {**Bench(work, data, overrides=overrides).score(run), "overrides": overrides}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="+", metavar="NAME[:KEY=VALUE;…]")
    parser.add_argument("--labelled", type=int, default=9)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--parallel", type=int, default=2, help="runs at once, each with its share of the cores")
    parser.add_argument("--work", type=Path, default=Path("build/hippocampus-settings"))
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    data = training_scans(real_data("hippocampus_mri"), work / "data")
    threads = max(1, len(os.sched_getaffinity(0)) // arguments.parallel)

    def score(setting: str) -> dict[str, Any]:
        return compare(setting, work=work, data=data, labelled=arguments.labelled, steps=arguments.steps, threads=threads)

    with ThreadPoolExecutor(arguments.parallel) as pool:
        rows = list(pool.map(score, arguments.settings))
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else []
    names = {row["run"] for row in rows}
    merged = [*(row for row in known if row["run"] not in names), *rows]
    RESULT.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
