"""Accuracy on the real hippocampus scans: pretrained and from scratch, few labels and all of them.

python -m Testing.benchmarks.hippocampus few  [--seeds 1 2 3] [--parallel 2]   first 9 of label_order, both ways, each seed
python -m Testing.benchmarks.hippocampus all                                   all 156, the same network, 30 minutes
python -m Testing.benchmarks.hippocampus best [--only NAME …]                  all 156, 30 minutes each: what else may be best

Every run goes through the real command line; Dice is taken on the scans' own grids by `sslseg evaluate`. Runs that are in
the work folder already are not repeated. Results: results/hippocampus_<what>.json. The peers' figures are nnU-Net's on
the same split (2D, 5,000 steps): 0.850 without and 0.858 with mirroring on the first 9, 0.871 and 0.875 on all.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Testing.data import real_data

RESULTS = Path(__file__).parent / "results"
LABELS = ("Anterior", "Posterior")
# The file of a job that says what its training cost; there once it is done.
COST = "cost.json"
NETWORK_2D = {"name": "unet", "dims": 2, "base_width": 16}
# What else may be best in 30 minutes on two cores.
CANDIDATES: dict[str, dict[str, Any]] = {
    "best-3d": {"network": {"name": "unet", "dims": 3, "base_width": 16}, "train": {"batch_size": 2}},
}


@dataclass(frozen=True)
class Run:
    """One training: its name, command, config and pretrained job."""

    name: str
    command: str
    config: dict[str, Any]
    pretrained: str | None = None


def config_of(data: Path, *, seed: int, labelled: int | None, threads: int, cache: Path, **sections: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "preset": "default",
        "data": {"dataset": str(data / "dataset.json"), "splits": str(data / "splits.json"), "modality": "mri"},
        "preprocess": {"cache": str(cache)},
        "network": NETWORK_2D,
        "pretext": {"task": "context_restoration", "patch_size": 8, "sampling": "poisson_disc"},
        "transfer": {"weights": "encoder", "mode": "immediate"},
        "train": {"keep": "last", "threads": threads},
        "seed": seed,
    }
    if labelled is not None:
        base["data"]["labelled_cases"] = labelled
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return base


class Bench:
    """Runs trainings in a work folder and scores their models."""

    def __init__(self, work: Path, data: Path, *, overrides: list[str]) -> None:
        self.work = work
        self.data = data
        self.overrides = overrides
        self._copying = threading.Lock()

    def train(self, run: Run) -> Path:
        """The job of a run, trained unless it is done."""
        job = self.work / run.name
        if (job / COST).is_file():
            return job
        shutil.rmtree(job, ignore_errors=True)
        config = self.work / f"{run.name}.json"
        config.write_text(json.dumps(run.config), encoding="utf-8")
        words = [run.command, str(config), "--job", str(job)]
        if run.pretrained:
            words += ["--pretrained", str(self.work / run.pretrained)]
        for override in self.overrides:
            words += ["--set", override]
        cost = self._sslseg(*words)
        (job / COST).write_text(json.dumps(cost), encoding="utf-8")
        return job

    def score(self, run: Run) -> dict[str, Any]:
        """Mean Dice of a trained run over the 39 validation scans and both labels, on the scans' own grids."""
        job = self.train(run)
        table = job / "agreement.csv"
        if not table.is_file():
            with self._copying:
                images, labels = self._validation_folders()
            self._sslseg("predict", str(job), str(images), "--output", str(job / "predicted"))
            self._sslseg("evaluate", "--prediction", str(job / "predicted"), "--reference", str(labels), "--output", str(table))
        with table.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        dice = {label: [float(row["dice"]) for row in rows if row["tissue"] == label] for label in LABELS}
        means = {label: sum(values) / len(values) for label, values in dice.items()}
        cost = json.loads((job / COST).read_text(encoding="utf-8"))
        card = json.loads((job / "model" / "model.json").read_text(encoding="utf-8"))
        return {
            "run": run.name,
            "dice": round(sum(means.values()) / len(means), 4),
            **{label: round(value, 4) for label, value in means.items()},
            "scans": len(dice[LABELS[0]]),
            "steps": card["training"]["steps"],
            **{name: round(value, 2) for name, value in cost.items()},
        }

    def _validation_folders(self) -> tuple[Path, Path]:
        folders = self.work / "validation" / "images", self.work / "validation" / "labels"
        if (self.work / "validation" / "tissues.json").is_file():
            return folders
        splits = json.loads((self.data / "splits.json").read_text(encoding="utf-8"))
        for folder, source in zip(folders, ("imagesTr", "labelsTr"), strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            for case in splits["validation"]:
                shutil.copyfile(self.data / source / f"{case}.nii.gz", folder / f"{case}.nii.gz")
        tissues = [
            {"value": 1 + index, "name": name, "color": [200, 90 * index, 0], "terminology": ""}
            for index, name in enumerate(LABELS)
        ]
        (self.work / "validation" / "tissues.json").write_text(json.dumps(tissues), encoding="utf-8")
        return folders

    def _sslseg(self, *words: str) -> dict[str, float]:
        """Runs the command line; gives what it cost."""
        if words[0] == "evaluate":
            words = (*words, "--tissues", str(self.work / "validation" / "tissues.json"))
        start = time.monotonic()
        with (self.work / "log.txt").open("a", encoding="utf-8") as log:
            process = subprocess.Popen([sys.executable, "-m", "SSLSegmentationLib", *words], stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"sslseg {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}; see {self.work / 'log.txt'}")
        # Linux counts the largest resident set in KiB.
        return {
            "wall_minutes": (time.monotonic() - start) / 60,
            "cpu_minutes": (usage.ru_utime + usage.ru_stime) / 60,
            "peak_gb": usage.ru_maxrss * 1024 / 1e9,
        }


def few_labels(bench: Bench, *, seeds: list[int], parallel: int, threads: int, steps: int) -> list[dict[str, Any]]:
    """Both ways for each seed: every run at most `steps` steps."""
    configs = {
        seed: config_of(
            bench.data,
            seed=seed,
            labelled=9,
            threads=threads,
            cache=bench.work / "cache",
            train={"keep": "last", "threads": threads, "max_steps": steps},
        )
        for seed in seeds
    }
    pretrainings = [Run(f"pretrained-{seed}", "pretrain", config) for seed, config in configs.items()]
    scratch = [Run(f"scratch-{seed}", "finetune", config) for seed, config in configs.items()]
    transfers = [Run(f"transfer-{seed}", "finetune", config, f"pretrained-{seed}") for seed, config in configs.items()]
    with ThreadPoolExecutor(parallel) as pool:
        pretrained = {run.name: pool.submit(bench.train, run) for run in pretrainings}

        def transferred(run: Run) -> dict[str, Any]:
            pretrained[str(run.pretrained)].result()
            return bench.score(run)

        # In this order a pretraining has ended, or has a worker of its own, before anything waits for it.
        scores = [pool.submit(bench.score, run) for run in scratch] + [pool.submit(transferred, run) for run in transfers]
        return [score.result() for score in scores]


def all_labels(bench: Bench, *, name: str, threads: int, minutes: float, sections: dict[str, Any]) -> dict[str, Any]:
    """All 156 labelled scans, one seed, a budget in minutes."""
    train = {"keep": "last", "threads": threads, "max_minutes": minutes, **sections.get("train", {})}
    merged = {**sections, "train": train}
    config = config_of(bench.data, seed=1, labelled=None, threads=threads, cache=bench.work / "cache", **merged)
    return bench.score(Run(name, "finetune", config))


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Mean Dice over the seeds for each way of training."""
    ways: dict[str, list[float]] = {}
    for row in rows:
        way, _dash, seed = str(row["run"]).rpartition("-")
        ways.setdefault(way if seed.isdigit() else str(row["run"]), []).append(row["dice"])
    return {way: round(sum(values) / len(values), 4) for way, values in ways.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("few", "all", "best"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=29.5, help="of training; start-up and model writing come on top")
    parser.add_argument("--only", choices=tuple(CANDIDATES), nargs="+", default=list(CANDIDATES), help="best: these")
    parser.add_argument("--parallel", type=int, default=2, help="runs at once, each with its share of the cores")
    parser.add_argument("--work", type=Path, default=Path("build/hippocampus"))
    parser.add_argument("--set", action="append", default=[], help="override for every run, for example train.batch_size=16")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(work, real_data("hippocampus_mri"), overrides=arguments.set)
    cores = len(os.sched_getaffinity(0))
    if arguments.what == "few":
        threads = max(1, cores // arguments.parallel)
        rows = few_labels(bench, seeds=arguments.seeds, parallel=arguments.parallel, threads=threads, steps=arguments.steps)
    else:
        chosen = {"all": {}} if arguments.what == "all" else {name: CANDIDATES[name] for name in arguments.only}
        rows = [
            all_labels(bench, name=name, threads=cores, minutes=arguments.minutes, sections=sections)
            for name, sections in chosen.items()
        ]
    result = {"runs": rows, "mean_dice": summary(rows), "overrides": arguments.set}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"hippocampus_{arguments.what}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
