"""The real backend for tests of the panels: its Python, phantoms as volumes, and a small model trained on them once."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Tuple

import pytest
import slicer

from SSLSegmentationLib.contract.client import backend_command, clean_environment
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan

STEPS = 60


def backend_python() -> str:
    """The Python with torch; the test is skipped where none is named."""
    python = os.environ.get("SSLSEG_TEST_BACKEND", "")
    if not python:
        pytest.skip("SSLSEG_TEST_BACKEND names no Python with torch")
    return python


def sslseg(*words: str) -> None:
    """Runs a command line of the backend to its end."""
    done = subprocess.run(
        backend_command(backend_python(), words), env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def make_phantoms(folder: Path, *, kind: str = "ct_l3", count: int = 4, seed: int = 0) -> Tuple[Path, Path]:
    """Folders of images and labels of phantoms."""
    sslseg("phantom", kind, "--output", str(folder), "--count", str(count), "--seed", str(seed))
    return folder / "images", folder / "labels"


def train_model(folder: Path, images: Path, labels: Path, *, modality: str = "ct", steps: int = STEPS) -> Path:
    """A job folder with a small segmentation model of the phantoms."""
    config = {
        "preset": "quick",
        "data": {
            "images": str(images),
            "labels": str(labels),
            "modality": modality,
            "tissues": str(images.parent / "tissues.json"),
        },
        "preprocess": {"cache": str(folder / "cache"), "training_shape": [64, 64]},
        "network": {"dims": 2, "base_width": 4, "levels": 3},
        "train": {"max_steps": steps, "batch_size": 4, "threads": 2},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    sslseg("finetune", str(path), "--job", str(folder / "small model"))
    return folder / "small model"


def load_volume(path: Path, name: str) -> Any:
    """A scan file as a volume node."""
    return Operation(volumes.volume_from_scan(read_scan(path), name)).wait()


def load_segmentation(path: Path, volume: Any, tissues: Any, name: str) -> Any:
    """A label map file as a segmentation node of a volume."""
    from SSLSegmentationLib.gui.scene.segmentations import create_segmentation

    label_map = read_label_map(path, tissues=tissues)
    assert slicer.mrmlScene is not None
    return Operation(create_segmentation(volume, name=name, label_map=label_map.array, tissues=label_map.tissues, tags={})).wait()
