"""Peak memory of `sslseg predict`, torch included, on a CT phantom of 512×512×300 voxels (16-bit, .nii.gz).

    python -m Testing.benchmarks.predict_memory [--slices 300] [--dims 2 3] [--probabilities] [--memory 2GB]

Each run is a process of its own; its peak is the largest resident set that the system counted for it. The networks are
untrained U-Nets with five tissues and three CT windows: 2D of base width 16 on whole slices, 3D of base width 8 on windows
of 48×128×128. Writes results/predict_memory.json beside this file. On two cores each takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.writers import write_scan
from Testing.benchmarks.untrained_model import save_untrained_model

RESULTS = Path(__file__).resolve().parent / "results"
LIMIT_GB = 2.0
SIDE = 512
TISSUES = 5
# Training shape, base width and levels of the 2D and the 3D network.
NETWORKS: dict[int, tuple[tuple[int, ...], int, int]] = {2: ((512, 512), 16, 5), 3: ((48, 128, 128), 8, 4)}


def measure(model: Path, scan: Path, output: Path, *, options: list[str]) -> dict[str, Any]:
    """Peak memory in GB and time in s of one prediction."""
    command = [sys.executable, "-m", "SSLSegmentationLib", "predict", str(model), str(scan), "--output", str(output), *options]
    started = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("the prediction failed")
    scale = 1 if platform.system() == "Darwin" else 1024
    return {
        "peak_gb": round(usage.ru_maxrss * scale / 1e9, 3),
        "wall_s": round(time.monotonic() - started, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--dims", type=int, nargs="+", choices=(2, 3), default=[2, 3])
    parser.add_argument("--probabilities", action="store_true")
    parser.add_argument("--memory", help="handed on to predict")
    arguments = parser.parse_args()
    options = ["--probabilities"] * arguments.probabilities + (["--memory", arguments.memory] if arguments.memory else [])
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        phantom = make_phantom("ct_body", seed=1, shape=(arguments.slices, SIDE, SIDE))
        write_scan(folder / "ct.nii.gz", next(iter(phantom.scans.values())))
        del phantom
        for dims in arguments.dims:
            shape, base_width, levels = NETWORKS[dims]
            model = save_untrained_model(
                folder / f"model{dims}",
                modality="ct",
                training_shape=shape,
                base_width=base_width,
                levels=levels,
                tissues=TISSUES,
            )
            row = measure(model, folder / "ct.nii.gz", folder / "out", options=options)
            rows.append({"dims": dims, "training_shape": shape, "base_width": base_width, "options": options, **row})
            sys.stdout.write(f"{rows[-1]}\n")
    result = {"shape": [arguments.slices, SIDE, SIDE], "limit_gb": LIMIT_GB, "processor_count": os.cpu_count(), "runs": rows}
    RESULTS.mkdir(exist_ok=True)
    suffix = "_probabilities" if arguments.probabilities else ""
    (RESULTS / f"predict_memory{suffix}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if any(row["peak_gb"] >= LIMIT_GB for row in rows):
        raise SystemExit(f"a prediction took {LIMIT_GB} GB or more")


if __name__ == "__main__":
    main()
