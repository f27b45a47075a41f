"""Makes small data sets for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import numpy as np

from SSLSegmentationLib.contract.config import Config, DataConfig
from Testing.imaging.making import SHAPE, nifti, numbers


def label_array(*values: int) -> np.ndarray:
    array = np.zeros(SHAPE, np.uint8)
    for number, value in enumerate(values):
        array[number] = value
    return array


def folders(root: Path, count: int, *, labelled: Optional[int] = None, values: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    """images/ and labels/ with case_00, …, the first `labelled` of them labelled; gives the settings of the data section."""
    for name in ("images", "labels"):
        (root / name).mkdir(parents=True)
    for number in range(count):
        nifti(root / "images" / f"case_{number:02}.nii.gz", numbers())
        if labelled is None or number < labelled:
            nifti(root / "labels" / f"case_{number:02}.nii.gz", label_array(*values))
    return {"images": str(root / "images"), "labels": str(root / "labels")}


def write_json(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def config(seed: int = 1, **data: Any) -> Config:
    return Config(data=DataConfig(**data), seed=seed)


def ids(cases: Any) -> list[str]:
    return [case.id for case in cases]
