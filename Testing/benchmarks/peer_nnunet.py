"""Training and prediction beside nnU-Net v2 on the hippocampus scans, in turn on one machine.

    python -m Testing.benchmarks.peer_nnunet train   [--work DIR] [--rounds 2] [--steps 60]
    python -m Testing.benchmarks.peer_nnunet predict [--work DIR] [--rounds 1]

The first run installs nnU-Net (torch 2.13.0, nnunetv2 2.8.1) into an environment of its own, `.venv-nnunet` beside the
README, and plans and preprocesses the scans; both are kept where --work names a folder. Nothing else should run meanwhile.

train: steps per second, both with their own batches and augmentation, the same 9 scans, batch and patch; nnU-Net with 0, 1
and 2 processes that augment, the fastest counts. Three networks in nnU-Net's trainer: our very U-Net, and nnU-Net's own of the
same widths, levels and convolutions (both without deep supervision), and its own as it plans it, twice as wide.
predict: 65 scans (39 validation, 26 train), start-up included, without and with mirroring at test time, nnU-Net with its
default of 3 processes for preparing and export and with 1, the faster counts; the models are trained for a few steps only.

Merges its figures into results/peer_nnunet.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from Testing.benchmarks.nnunet_setup import DATASET, FIRST_CASES, REPOSITORY, Peer, install, link_images, prepare, read_splits

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "peer_nnunet.json"
AUGMENTERS = (0, 1, 2)
SCANS_FROM_TRAIN = 26
FEW_STEPS = 30
NEVER = 10**6


def run_ours(command: str, *arguments: str) -> None:
    """Runs our command line; stops with its message where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "SSLSegmentationLib", command, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"sslseg {command} failed with {done.returncode}:\n{done.stderr[-3000:]}")


def finetune_ours(options: argparse.Namespace, job: Path, *, steps: int) -> Path:
    """Fine-tunes from scratch for some steps, without validation or checkpoints between; returns the job folder."""
    config = {
        "preset": "default",
        "data": {
            "dataset": str(options.data / "dataset.json"),
            "splits": str(options.data / "splits.json"),
            "labelled_cases": FIRST_CASES,
            "modality": "mri",
        },
        # nnU-Net's network sees single slices.
        "preprocess": {"training_shape": options.shape, "neighbour_slices": 0, "cache": str(options.work / "cache")},
        "network": {"name": "unet", "dims": 2, "base_width": options.width, "levels": options.levels},
        "train": {
            "max_steps": steps,
            "batch_size": options.batch,
            "precision": options.precision,
            "validate_every": NEVER,
            "checkpoint_every": NEVER,
        },
    }
    shutil.rmtree(job, ignore_errors=True)
    path = options.work / "ours.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    run_ours("finetune", str(path), "--job", str(job))
    return job


def our_steps_per_second(job: Path, *, warm_up: int) -> float:
    """From the job's own progress events after the warm-up."""
    lines = [json.loads(line) for line in (job / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    progress = [line for line in lines if line["event"] == "progress" and "stage" in line and line["step"] >= warm_up]
    first, last = progress[0], progress[-1]
    seconds = (datetime.fromisoformat(last["time"]) - datetime.fromisoformat(first["time"])).total_seconds()
    return float((last["step"] - first["step"]) / seconds)


def worker(peer: Peer, action: str, settings: dict[str, Any], *, augmenters: int) -> dict[str, Any]:
    """One run of nnunet_worker.py in nnU-Net's environment; its last line is its result."""
    complete = {
        "preprocessed": str(peer.work / "preprocessed"),
        "dataset": DATASET,
        "fold": 0,
        "threads": os.cpu_count(),
        **settings,
    }
    path = peer.work / "settings.json"
    path.write_text(json.dumps(complete), encoding="utf-8")
    printed = peer.call("python", str(HERE / "nnunet_worker.py"), action, str(path), workers=augmenters)
    result: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return result


def compare_training(options: argparse.Namespace, peer: Peer) -> dict[str, Any]:
    """Steps per second of both, in turn."""
    plan = {"name": "unet", "dims": 2, "base_width": options.width, "levels": options.levels}
    same = {"network": plan, "shape": options.shape, "batch": options.batch, "warm_up": options.warm_up, "steps": options.steps}
    # Planned on all 195 scans nnU-Net's own batch would be 274 slices; with the same batch a step is the same number of images.
    planned = {"batch": options.batch, "warm_up": options.warm_up, "steps": options.steps}
    ours: list[float] = []
    own = {"base_width": options.width, "shape": options.shape, **planned}
    networks = {"our network": same, "own network, same width": own, "own network, as planned": planned}
    theirs: dict[str, dict[str, list[dict[str, Any]]]] = {name: {str(number): [] for number in AUGMENTERS} for name in networks}
    for _ in range(options.rounds):
        for number in AUGMENTERS:
            job = finetune_ours(options, options.work / "ours-train", steps=options.warm_up + options.steps)
            ours.append(our_steps_per_second(job, warm_up=options.warm_up))
            for name, settings in networks.items():
                theirs[name][str(number)].append(worker(peer, "steps", settings, augmenters=number))
    ours_median = statistics.median(ours)
    fastest = {
        name: max(statistics.median(run["steps_per_second"] for run in runs) for runs in by_number.values())
        for name, by_number in theirs.items()
    }
    return {
        "network": plan,
        "shape": options.shape,
        "batch": options.batch,
        "precision": json.loads((job / "config.json").read_text(encoding="utf-8"))
        .get("decided", {})
        .get("precision", options.precision),
        "ours_steps_per_second": round(ours_median, 3),
        "ours_each": [round(value, 3) for value in ours],
        "nnunet_steps_per_second": fastest,
        "ratio": {name: round(ours_median / value, 3) for name, value in fastest.items()},
        "nnunet_by_augmenting_processes": theirs,
    }


def timed(work: Any) -> dict[str, float]:
    """Wall and CPU seconds of a call that runs other processes."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(time.perf_counter() - begin, 2), "cpu_seconds": round(cpu, 2)}


def compare_prediction(options: argparse.Namespace, peer: Peer) -> dict[str, Any]:
    """Wall time of predicting 65 scans with the command lines of both."""
    splits = read_splits(options.data)
    cases = [*splits["validation"], *splits["train"][:SCANS_FROM_TRAIN]]
    for name, suffix in (("their-scans", "_0000"), ("our-scans", "")):
        link_images(options.data, cases, options.work / name, suffix=suffix)
    worker(peer, "checkpoint", {"batch": options.batch, "steps": FEW_STEPS}, augmenters=1)
    model = options.model or finetune_ours(options, options.work / "ours-model", steps=FEW_STEPS)

    def theirs(processes: int, *more: str) -> None:
        output = options.work / "their-labels"
        shutil.rmtree(output, ignore_errors=True)
        common = ["-i", str(options.work / "their-scans"), "-o", str(output), "-d", "4", "-c", "2d", "-f", "0", "-device", "cpu"]
        counts = ["-npp", str(processes), "-nps", str(processes)]
        peer.call("nnUNetv2_predict", *common, *counts, "-chk", "checkpoint_final.pth", *more)
        count_files(output, len(cases))

    def ours() -> None:
        output = options.work / "our-labels"
        shutil.rmtree(output, ignore_errors=True)
        run_ours("predict", str(model), str(options.work / "our-scans"), "--output", str(output), "--device", "cpu")
        count_files(output, len(cases))

    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        runs.setdefault("ours", []).append(timed(ours))
        for processes in (3, 1):
            for name, more in (("without mirroring", ["--disable_tta"]), ("with mirroring", [])):
                key = f"nnunet {name}, {processes} processes"
                runs.setdefault(key, []).append(timed(lambda processes=processes, more=more: theirs(processes, *more)))
    seconds = {name: statistics.median(run["seconds"] for run in each) for name, each in runs.items()}
    without, mirrored = (min(seconds[f"nnunet {name} mirroring, {n} processes"] for n in (3, 1)) for name in ("without", "with"))
    return {
        "scans": len(cases),
        "ours_seconds": seconds["ours"],
        "nnunet_seconds_without_mirroring": without,
        "nnunet_seconds_with_mirroring": mirrored,
        "ours_share_of_nnunet_without_mirroring": round(seconds["ours"] / without, 3),
        "runs": runs,
    }


def count_files(folder: Path, expected: int) -> None:
    """Stops where a prediction is missing: a time without its work is none."""
    found = len(list(folder.glob("*.nii.gz")))
    if found != expected:
        sys.exit(f"{folder} holds {found} label maps instead of {expected}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "predict"))
    data = Path(os.environ.get("SSLSEG_DATA", REPOSITORY.parent / "shared" / "data")) / "hippocampus_mri"
    parser.add_argument("--data", type=Path, default=data, help="folder of the hippocampus data set")
    parser.add_argument("--environment", type=Path, default=REPOSITORY / ".venv-nnunet", help="nnU-Net's Python environment")
    parser.add_argument("--work", type=Path, help="folder to work in (default: a temporary one, removed afterwards)")
    parser.add_argument("--model", type=Path, help="predict: our model (default: one trained for a few steps)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=60, help="train: steps that are timed, a run")
    parser.add_argument("--warm-up", type=int, default=15, help="train: steps before them")
    parser.add_argument("--shape", type=int, nargs=2, default=[56, 40], help="training shape of both")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--width", type=int, default=16, help="base width of the U-Net")
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--precision", default="auto", help="ours; nnU-Net computes in float32 on a CPU")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        options.work = Path(temporary) if options.work is None else options.work.resolve()
        options.work.mkdir(parents=True, exist_ok=True)
        install(options.environment)
        peer = Peer(options.environment.absolute(), options.work)
        prepare(peer, options.data)
        measured = {"train": compare_training, "predict": compare_prediction}[options.what](options, peer)
    merged = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    merged[options.what] = {"cores": os.cpu_count(), **measured}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(merged[options.what], indent=1))


if __name__ == "__main__":
    main()
