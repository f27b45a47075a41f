"""A backend that knows the network of `threshold_network`, and models of it."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import numpy as np

from SSLSegmentationLib.contract.client import clean_environment
from Testing.gui.engine import backend_python

ROOT = Path(__file__).resolve().parents[2]
LABEL = 7
_END = "sys.exit(main())"
_PATCH = f"""
sys.path.append({str(ROOT)!r})
from SSLSegmentationLib.learning.networks import NETWORKS
from Testing.gui.threshold_network import build_threshold
NETWORKS["threshold"] = build_threshold
"""


def threshold_python(path: Path) -> Path:
    """A Python whose `sslseg` knows the network."""
    code = f"""#!{backend_python()}
import os, sys
words = sys.argv[1:]
at = words.index("-c") + 1
assert {_END!r} in words[at]
words[at] = words[at].replace({_END!r}, {_PATCH!r} + {_END!r})
os.execv({backend_python()!r}, [{backend_python()!r}, *words])
"""
    path.write_text(code, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def save_threshold(folder: Path, *, channels: int = 1) -> Path:
    """A model that marks with `LABEL` where the last channel is above its mean."""
    command = [backend_python(), "-m", "Testing.gui.threshold_network", str(folder), str(channels)]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def two_sided(shape: tuple[int, int, int], *, seed: int = 0) -> np.ndarray:
    """Voxels well below and well above their mean, scattered so that every flip or shift of one voxel shows."""
    rng = np.random.default_rng(seed)
    bright = rng.random(shape) < 0.4
    return np.where(bright, rng.integers(800, 1000, shape), rng.integers(0, 200, shape)).astype(np.int16)


def expected_labels(array: np.ndarray) -> np.ndarray:
    return np.where(array > array.mean(), LABEL, 0)
