"""SIGKILL at random moments of a short CPU training, then --resume: do the weights equal the unbroken run's, bit for bit?

python Testing/benchmarks/kill_and_resume.py [--kills 20] → results/kill_and_resume.json

Each trial has a cache folder of its own, so that kills hit cache building too, and a checkpoint at every step, so that they
hit checkpoint writing. Half of the trials are killed twice.
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
from pathlib import Path
from typing import Any

from Testing.learning.phantom_data import write_config, write_data

RESULT = Path(__file__).parent / "results" / "kill_and_resume.json"
TRAIN = {"max_steps": 30, "checkpoint_every": 1, "validate_every": 10, "batch_size": 4, "threads": 1}


def command(config: Path, job: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "SSLSegmentationLib", "finetune", str(config), "--job", str(job), *words]


def run_to_end(config: Path, job: Path, *words: str) -> None:
    done = subprocess.run(command(config, job, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{job}: exit {done.returncode}\n{done.stderr}")


def kill_after(seconds: float, config: Path, job: Path, *words: str) -> str:
    """Starts the run and kills it; returns where it was: the last phase or event in its job folder."""
    process = subprocess.Popen(
        command(config, job, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(seconds)
    finished = process.poll() is not None
    os.killpg(process.pid, signal.SIGKILL) if not finished else None
    process.wait()
    return "after the end" if finished else last_event(job)


def last_event(job: Path) -> str:
    events = job / "events.jsonl"
    if not events.is_file():
        return "before the first event"
    lines = [line for line in events.read_text(encoding="utf-8", errors="replace").splitlines() if line.endswith("}")]
    event = json.loads(lines[-1]) if lines else {"event": "nothing"}
    return str(event.get("name") or event.get("kind") or event["event"])


def weights(job: Path) -> str:
    return hashlib.sha256((job / "model" / "weights.safetensors").read_bytes()).hexdigest()


def trial(number: int, root: Path, data: Path, length: float, rng: random.Random) -> tuple[list[str], str]:
    folder = root / f"trial-{number}"
    folder.mkdir()
    config = write_config(folder, data, train=TRAIN)
    job = folder / "job"
    where = []
    for kill in range(1 + number % 2):
        resume = ["--resume"] if (job / "config.json").is_file() else []
        where.append(kill_after(rng.uniform(0.02, 1.02) * length / (1 + kill), config, job, *resume))
    run_to_end(config, job, *(["--resume"] if (job / "config.json").is_file() else []))
    return where, weights(job)


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
        places: Counter[str] = Counter()
        equal = 0
        for number in range(kills):
            where, found = trial(number, root, data, length, rng)
            equal += found == expected
            places.update(where)
            print(f"{number + 1}: killed at {', '.join(where)}: {'equal' if found == expected else 'DIFFERENT'}", flush=True)
    return {"kills": kills, "equal": equal, "seconds_unbroken": round(length, 1), "killed_at": dict(places), "seed": seed}


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
