"""What the stories have in common: demands, phantoms, and leaving everything as it was."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any, Iterator, Tuple

import slicer

from SSLSegmentationLib.contract.client import list_jobs
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, PREFIX, Settings
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom

SHAPE = (4, 48, 48)
RELATIVE_ERROR = 1e-6


def require(held: object, what: str) -> None:
    """Raises `AssertionError` where it does not hold that `what`."""
    if not held:
        raise AssertionError(f"It does not hold that {what}.")


def require_close(value: Any, expected: float, what: str) -> None:
    close = value is not None and abs(value - expected) <= RELATIVE_ERROR * abs(expected)
    require(close, f"the {what} is {expected}, not {value}")


def require_backend() -> None:
    """Raises `unittest.SkipTest` where no backend is set up."""
    python = Settings(slicer.app.userSettings()).get(BACKEND_PYTHON)
    if not python or not Path(str(python)).is_file():
        raise unittest.SkipTest("No backend is set up: open the panel 'Backend' and press 'Set up'.")


def phantom_in_scene(seed: int) -> Tuple[Any, Any, Phantom]:
    """A small CT phantom as a volume, and its truth as a segmentation."""
    phantom = make_phantom("ct_body", seed=seed, shape=SHAPE)
    volume = Operation(volume_from_scan(phantom.scans["ct"], f"phantom {seed}")).wait()
    labels = phantom.label_map
    steps = create_segmentation(volume, name=f"truth {seed}", label_map=labels.array, tissues=labels.tissues, tags={})
    return volume, Operation(steps).wait(), phantom


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """An empty folder for runs and models. Afterwards no run of it goes on, it is removed, and all settings are as before."""
    store = slicer.app.userSettings()
    settings = Settings(store)
    before = {key: store.value(key) for key in _keys(store)}
    folder = Path(tempfile.mkdtemp(prefix="SSLSegmentation-stories-"))
    settings.set(DATA_FOLDER, str(folder / "data"))
    try:
        yield folder
    finally:
        for run in list_jobs(settings.runs_folder) if settings.runs_folder.is_dir() else ():
            run.cancel()
        for key in _keys(store):
            store.remove(key)
        for key, value in before.items():
            store.setValue(key, value)
        shutil.rmtree(folder, ignore_errors=True)


def _keys(store: Any) -> Tuple[str, ...]:
    return tuple(key for key in store.allKeys() if key.startswith(PREFIX))
