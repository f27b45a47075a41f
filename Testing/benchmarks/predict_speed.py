"""`sslseg predict` on 65 hippocampus scans: wall and CPU time of the whole command, start-up included.

    python -m Testing.benchmarks.predict_speed [--model MODEL] [--repeats 3] [--threads 2]
        [--peer NAME --peer-command "COMMAND with {input} and {output}"]

The scans are the first 65 of `hippocampus_mri` (median 35×50×36 voxels), linked into one folder. Without --model an
untrained U-Net of base width 16 and 4 levels segments them, which costs the same as a trained one. A peer's command runs
on the same folder in turn with ours, its scans named <case>_0000.nii.gz in the folder {input}, as nnU-Net wants them.
Writes results/predict_speed.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from Testing.benchmarks.untrained_model import save_untrained_model

BENCHMARKS = Path(__file__).resolve().parent
RESULTS = BENCHMARKS / "results"
DATA = Path(os.environ.get("SSLSEG_DATA", BENCHMARKS.parents[2] / "shared" / "data"))
SCANS = 65
MOST_SECONDS = 20.0


def timed(command: list[str], *, threads: int, output: Path) -> dict[str, float]:
    """Wall and CPU time in s of one run, children included; stops where it fails or a result is missing."""
    shutil.rmtree(output, ignore_errors=True)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    written = len(list(output.glob("*.nii.gz")))
    if os.waitstatus_to_exitcode(status) != 0 or written != SCANS:
        raise SystemExit(f"the run failed or wrote {written} of {SCANS} label maps: {shlex.join(command)}")
    return {"wall_s": round(wall, 2), "cpu_s": round(usage.ru_utime + usage.ru_stime, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model to use; an untrained one without it")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peer", default="peer", help="name of the other program")
    parser.add_argument("--peer-command", help="how to call it")
    arguments = parser.parse_args()
    files = sorted((DATA / "hippocampus_mri" / "imagesTr").glob("*.nii.gz"))[:SCANS]
    runs: dict[str, list[dict[str, float]]] = {"sslseg": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, suffix in (("ours", ""), ("theirs", "_0000")):
            (folder / place).mkdir()
            for path in files:
                (folder / place / path.name.replace(".nii.gz", f"{suffix}.nii.gz")).symlink_to(path)
        model = arguments.model or save_untrained_model(
            folder / "model", modality="mri", training_shape=(56, 40), base_width=16, levels=4, tissues=2
        )
        output = folder / "output"
        ours = [sys.executable, "-m", "SSLSegmentationLib", "predict", str(model), str(folder / "ours"), "--output", str(output)]
        for _ in range(arguments.repeats):
            runs["sslseg"].append(timed(ours, threads=arguments.threads, output=output))
            if arguments.peer_command:
                words = shlex.split(arguments.peer_command.format(input=folder / "theirs", output=output))
                runs.setdefault(arguments.peer, []).append(timed(words, threads=arguments.threads, output=output))
    result: dict[str, Any] = {
        "scans": SCANS,
        "threads": arguments.threads,
        "model": arguments.model or "untrained U-Net, base width 16, 4 levels",
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "runs": runs,
        "median_wall_s": {who: statistics.median(run["wall_s"] for run in all_runs) for who, all_runs in runs.items()},
        "median_cpu_s": {who: statistics.median(run["cpu_s"] for run in all_runs) for who, all_runs in runs.items()},
    }
    if arguments.peer_command:
        result["wall_share_of_peer"] = round(result["median_wall_s"]["sslseg"] / result["median_wall_s"][arguments.peer], 3)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "predict_speed.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    if result["median_wall_s"]["sslseg"] >= MOST_SECONDS:
        raise SystemExit(f"prediction took {MOST_SECONDS} s or more")


if __name__ == "__main__":
    main()
