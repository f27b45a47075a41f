"""SIGKILL at random moments of a short CPU training, then --resume: do the weights equal the unbroken run's, bit for bit?

python -m Testing.benchmarks.kill_and_resume [--kills 20] → results/kill_and_resume.json

Half of the kills come at a random time, a quarter while a checkpoint is half written, a quarter while the cache is half
built. Each trial has a cache folder of its own and a checkpoint at every step.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from SSLSegmentationLib.imaging.cache.folder import UNFINISHED_PREFIX
from Testing.learning.phantom_data import write_config, write_data

RESULT = Path(__file__).parent / "results" / "kill_and_resume.json"
TRAIN = {"max_steps": 60, "checkpoint_every": 1, "validate_every": 10, "batch_size": 4, "threads": 1}


def command(config: Path, job: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "SSLSegmentationLib", "finetune", str(config), "--job", str(job), *words]


def run_to_end(config: Path, job: Path, *words: str) -> None:
    done = subprocess.run(command(config, job, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{job}: exit {done.returncode}\n{done.stderr}")


def is_writing_checkpoint(folder: Path) -> bool:
    """Whether a checkpoint is half written: it lies under a hidden name."""
    return any(path.name.startswith(".") for path in (folder / "job" / "checkpoint").glob("*"))


def is_building_cache(folder: Path) -> bool:
    """Whether an entry of the cache is half built."""
    return any(True for _ in (folder / "cache").glob(f"{UNFINISHED_PREFIX}*"))


# When to kill: at a random time, or at the moment that something is seen to be half done, after a random wait.
MOMENTS: dict[str, Callable[[Path], bool] | None] = {
    "random time": None,
    "writing a checkpoint": is_writing_checkpoint,
    "building the cache": is_building_cache,
}


def kill_at(moment: str, wait: float, folder: Path, config: Path, *words: str) -> bool:
    """Starts the run and kills it after `wait` seconds, then at the moment; False where it ended before."""
    process = subprocess.Popen(
        command(config, folder / "job", *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    seen = MOMENTS[moment]
    begin = time.monotonic()
    while process.poll() is None:
        if time.monotonic() - begin >= wait and (seen is None or seen(folder)):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.0005)
    return False


def weights(job: Path) -> str:
    return hashlib.sha256((job / "model" / "weights.safetensors").read_bytes()).hexdigest()


def trial(root: Path, data: Path, moment: str, length: float, rng: random.Random) -> tuple[float, str]:
    """One kill and one resume: when the kill came (s) and the weights of the resumed run."""
    latest = length if moment != "building the cache" else 0.0
    while True:
        folder = Path(tempfile.mkdtemp(dir=root))
        config = write_config(folder, data, train=TRAIN)
        wait = rng.uniform(0, latest)
        if kill_at(moment, wait, folder, config):
            break
        # It ended before: earlier next time.
        latest *= 0.8
    resume = ["--resume"] if (folder / "job" / "config.json").is_file() else []
    run_to_end(config, folder / "job", *resume)
    return wait, weights(folder / "job")


def measure(kills: int, seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = write_data(root / "data", count=6)
        (root / "unbroken").mkdir()
        config = write_config(root / "unbroken", data, train=TRAIN)
        start = time.monotonic()
        run_to_end(config, root / "unbroken" / "job")
        length = time.monotonic() - start
        expected = weights(root / "unbroken" / "job")
        moments = [list(MOMENTS)[number % 4 % 3] for number in range(kills)]
        equal: Counter[str] = Counter()
        for number, moment in enumerate(moments):
            wait, found = trial(root, data, moment, length, rng)
            equal[moment] += found == expected
            verdict = "equal" if found == expected else "DIFFERENT"
            print(f"{number + 1}: killed {moment}, after {wait:.2f} s: {verdict}", flush=True)
    by_moment = {moment: f"{equal[moment]} of {count}" for moment, count in Counter(moments).items()}
    return {
        "kills": kills,
        "equal": sum(equal.values()),
        "equal_by_moment": by_moment,
        "seconds_unbroken": round(length, 1),
        "seed": seed,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result = measure(arguments.kills, arguments.seed)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if result["equal"] == result["kills"] else 1


if __name__ == "__main__":
    sys.exit(main())
