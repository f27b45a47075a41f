"""Small phantom data sets and configs for runs through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import Tissue
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.readers import read_geometry, read_label_map
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan

SMALL: dict[str, Any] = {
    "network": {"base_width": 4, "levels": 3},
    "pretext": {"task": "context_restoration", "patch_size": 8, "mask_pool": 4},
    "train": {"max_steps": 6, "batch_size": 2, "validate_every": 3, "checkpoint_every": 2, "threads": 1, "averaging": 0.9},
    "preprocess": {"workers": 1},
}


def write_data(folder: Path, *, count: int = 5, shape: tuple[int, int, int] = (1, 64, 64)) -> Path:
    """Images, labels and tissues of `count` abdominal phantoms."""
    kind = "ct_l3" if shape[0] == 1 else "ct_body"
    for seed in range(count):
        phantom = make_phantom(kind, seed=seed, shape=shape)
        write_scan(folder / "images" / f"p{seed}.nii.gz", next(iter(phantom.scans.values())))
        write_label_map(folder / "labels" / f"p{seed}.nii.gz", phantom.label_map)
        (folder / "tissues.json").write_text(json.dumps([tissue.as_dict() for tissue in phantom.tissues]), encoding="utf-8")
    return folder


def write_config(folder: Path, data: Path, /, **sections: dict[str, Any]) -> Path:
    """A JSON config of a small run on `data`; `sections` are merged over `SMALL`."""
    merged: dict[str, Any] = {name: dict(values) for name, values in SMALL.items()}
    merged["data"] = {
        "images": str(data / "images"),
        "labels": str(data / "labels"),
        "tissues": str(data / "tissues.json"),
        "modality": "ct",
    }
    merged["preprocess"]["cache"] = str(folder / "cache")
    for name, values in sections.items():
        merged[name] = {**merged.get(name, {}), **values}
    path = folder / "config.json"
    path.write_text(json.dumps(merged), encoding="utf-8")
    return path


def finetune(folder: Path, data: Path, /, *words: str, **sections: dict[str, Any]) -> int:
    """The exit code of a small run on `data` in `folder`/job."""
    return main(["finetune", str(write_config(folder, data, **sections)), "--job", str(folder / "job"), *words])


def events_of(job: Path) -> list[dict[str, Any]]:
    """Everything that a run told."""
    return [json.loads(line) for line in (job / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def warnings_of(job: Path) -> list[str]:
    """The warnings of a run."""
    return [event["message"] for event in events_of(job) if event["event"] == "warning"]


def tissues_of(data: Path) -> list[Tissue]:
    """The tissues of `write_data`."""
    return list(read_tissues(data / "tissues.json"))


def change_labels(data: Path, case: str, change: Callable[[Any], Any]) -> None:
    """Writes the label map of a case anew, its array changed."""
    path = data / "labels" / f"{case}.nii.gz"
    tissues = read_tissues(data / "tissues.json")
    known = read_label_map(path, onto=read_geometry(data / "images" / f"{case}.nii.gz"), tissues=tissues)
    write_label_map(path, LabelMap(change(known.array.copy()), known.geometry, tissues))
