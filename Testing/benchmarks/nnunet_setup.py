"""nnU-Net's environment and folders for peer_nnunet.py: installed, filled from the hippocampus data set, planned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
DATASET = "Dataset004_Hippocampus"
# torch first, so that the peer runs on the very build that this project is measured with.
REQUIREMENTS = (("torch==2.13.0",), ("torch==2.13.0", "nnunetv2==2.8.1"))
FIRST_CASES = 9


@dataclass(frozen=True)
class Peer:
    """nnU-Net's Python environment and the folder that it works in."""

    environment: Path
    work: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that nnU-Net takes its folders from."""
        folders = {f"nnUNet_{name}": str(self.work / name) for name in ("raw", "preprocessed", "results")}
        return {**os.environ, **folders, "CUDA_VISIBLE_DEVICES": ""}

    def call(self, program: str, *arguments: str, workers: int | None = None) -> str:
        """Runs a program of the environment; returns what it printed. Stops with its last lines where it fails."""
        variables = self.variables if workers is None else {**self.variables, "nnUNet_n_proc_DA": str(workers)}
        command = [str(self.environment / "bin" / program), *arguments]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")
        return done.stdout


def install(environment: Path) -> None:
    """Makes the environment where it is not there yet."""
    if (environment / "bin" / "nnUNetv2_predict").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    for packages in REQUIREMENTS:
        subprocess.run([str(environment / "bin" / "pip"), "install", "-q", *packages], check=True)


def read_splits(data: Path) -> dict[str, Any]:
    """The data set's own split into train and validation, and the order of labels."""
    splits: dict[str, Any] = json.loads((data / "splits.json").read_text(encoding="utf-8"))
    return splits


def link_images(data: Path, cases: list[str], folder: Path, *, suffix: str) -> None:
    """Links scans into a folder under nnU-Net's names (suffix _0000) or their own (no suffix)."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        link = folder / f"{case}{suffix}.nii.gz"
        if not link.exists():
            link.symlink_to((data / "imagesTr" / f"{case}.nii.gz").resolve())


def prepare(peer: Peer, data: Path) -> None:
    """Raw folder, plans and preprocessed scans for configuration 2d; folds: 0 the first 9 labelled, 1 all of train."""
    target = peer.work / "preprocessed" / DATASET
    if (target / "splits_final.json").exists():
        return
    splits = read_splits(data)
    cases = sorted([*splits["train"], *splits["validation"]])
    raw = peer.work / "raw" / DATASET
    link_images(data, cases, raw / "imagesTr", suffix="_0000")
    (raw / "labelsTr").mkdir(parents=True, exist_ok=True)
    for case in cases:
        link = raw / "labelsTr" / f"{case}.nii.gz"
        if not link.exists():
            link.symlink_to((data / "labelsTr" / f"{case}.nii.gz").resolve())
    source = json.loads((data / "dataset.json").read_text(encoding="utf-8"))
    labels = {name: int(value) for value, name in source["labels"].items()}
    description = {"channel_names": source["modality"], "labels": labels, "numTraining": len(cases), "file_ending": ".nii.gz"}
    (raw / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    for name in ("preprocessed", "results"):
        (peer.work / name).mkdir(exist_ok=True)
    peer.call("nnUNetv2_plan_and_preprocess", "-d", "4", "-c", "2d", "-npfp", "2", "-np", "2")
    folds = [splits["label_order"][:FIRST_CASES], splits["train"]]
    final = [{"train": train, "val": splits["validation"]} for train in folds]
    (target / "splits_final.json").write_text(json.dumps(final), encoding="utf-8")
