"""A small real job for tests, run as a process: `python job_script.py FOLDER MODE`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import JobRun

STEPS = 1000


def work(run: JobRun, mode: str) -> None:
    if mode == "steps":
        for step in range(STEPS):
            run.check_cancelled()
            run.progress(step, STEPS, 1.0)
            time.sleep(0.01)
    elif mode == "fork" and os.fork() == 0:
        # A worker that outlives its parent and still has all of its open files but the lock.
        time.sleep(20)
        os._exit(0)
    elif mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        away = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        run.emit("phase", name="deaf", children=[child.pid, away.pid])
        time.sleep(60)
    elif mode == "babble":
        with run.folder.events.open("ab") as handle:
            handle.write(b"\xff\xfe not json\n" + b"x" * 200_000 + b'\n{"event": 5}\n')
        sys.stdout.buffer.write(b"\xff\xfe\x00\x1b[31m" * 50_000)
        sys.stdout.flush()
    elif mode == "die":
        os._exit(3)
    elif mode == "refuse":
        raise SSLSegmentationError("data.empty", "scan.nii.gz is empty.")
    elif mode == "race":
        time.sleep(0.5)


def main() -> int:
    folder, mode = sys.argv[1:3]
    resume = "--resume" in sys.argv
    try:
        with JobRun.open(folder, config=Config(), command="pretrain", resume=resume, decided={"threads": 1}) as run:
            run.emit("phase", name="ready")
            work(run, mode)
            if mode in ("fork",):
                time.sleep(60)
    except SSLSegmentationError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
