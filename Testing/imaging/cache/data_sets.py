"""Small data sets on disk for the cache's tests, and a script that builds a cache in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import SimpleITK

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan
from SSLSegmentationLib.imaging.scan import Case

TISSUES = TissueTable.from_values([1, 4])
PLAN = PreprocessPlan("zscore", (), None, "axial", 1)


def write_volume(path: Path, array: np.ndarray, spacing=(1.0, 1.0, 2.0)) -> Path:
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(spacing)
    SimpleITK.WriteImage(image, str(path))
    return path


def make_cases(folder: Path, count: int = 4, *, labelled: bool = True, shape=(6, 20, 24)) -> list[Case]:
    """`count` cases with noise and, where labelled, a label map with tissue 1 in slices 1 and 2 and tissue 4 in slice 4."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for number in range(count):
        rng = np.random.default_rng(number)
        image = write_volume(folder / f"scan_{number}.nii.gz", rng.integers(-500, 500, shape).astype(np.int16))
        label = None
        if labelled:
            values = np.zeros(shape, dtype=np.uint8)
            values[1:3, 5:9, 5:9] = 1
            values[4, 2:4, 2:4] = 4
            label = write_volume(folder / f"labels_{number}.nii.gz", values)
        cases.append(Case(id=f"scan_{number}", subject=f"subject_{number}", images=(image,), label=label))
    return cases


def start_builder(scans: Path, cache: Path, *, count: int, workers: int = 1, shape=(6, 20, 24)) -> subprocess.Popen[str]:
    """A process that builds the cache of `make_cases(scans, count)`, whose files exist, and prints "done"."""
    code = (
        "import sys; from pathlib import Path\n"
        "from Testing.imaging.cache.data_sets import build_again\n"
        "if __name__ == '__main__':\n"
        "    build_again(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))\n"
    )
    script = scans.parent / "builder.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(script), str(scans), str(cache), str(count), str(workers)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip


def build_again(scans: Path, cache: Path, count: int, workers: int) -> None:
    """What the builder process runs; prints each step so that a test can end it in the middle."""
    from SSLSegmentationLib.imaging.cache import build_cache

    cases = [
        Case(f"scan_{number}", f"subject_{number}", (scans / f"scan_{number}.nii.gz",), scans / f"labels_{number}.nii.gz")
        for number in range(count)
    ]

    def report(done: int, total: int) -> None:
        sys.stdout.write(f"{done}/{total}\n")
        sys.stdout.flush()

    build_cache(cases, PLAN, tissues=TISSUES, folder=cache, workers=workers, on_progress=report)
    sys.stdout.write("done\n")
