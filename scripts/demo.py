"""The main job on phantoms that it makes itself: pretrain, fine-tune, predict, measure, and a picture. Research use only.

Sets up its own environment first. Everything lands in the folder `demo`; a second call reuses what is there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from environment import REPOSITORY, environment_python

FOLDER = REPOSITORY / "demo"
SCANS = 40
TEST_SCANS = 8
LABELLED = 12
FINETUNE_STEPS = 450

CONFIG = f"""\
preset: quick
data:
  images: phantoms/images
  labels: phantoms/labels
  tissues: phantoms/tissues.json
  labelled_cases: {LABELLED}
  modality: ct
pretext: {{task: context_restoration, patch_size: 16, sampling: poisson_disc}}
transfer: {{weights: encoder, mode: immediate}}
train: {{max_steps: 200, batch_size: 8}}
preprocess: {{cache: cache}}
"""


class Demo:
    """Runs the product's own commands, one after the other."""

    def __init__(self, python: Path) -> None:
        self.python = python

    def command(self, *words: str) -> None:
        """One `sslseg` command; ends the demo where it fails."""
        print(f"\n$ sslseg {' '.join(words)}", flush=True)
        code = subprocess.run([str(self.python), "-m", "SSLSegmentationLib", *words], cwd=FOLDER, check=False).returncode
        if code:
            sys.exit(code)

    def train(self, command: str, job: str, *words: str) -> None:
        """A training; goes on where an earlier call of the demo left it."""
        resume = ["--resume"] if (FOLDER / job / "config.json").is_file() else []
        self.command(command, "config.yaml", "--job", job, *words, *resume)

    def run(self) -> None:
        """The whole way."""
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "config.yaml").write_text(CONFIG, encoding="utf-8")
        if not (FOLDER / "phantoms" / "truth.json").is_file():
            self.command("phantom", "ct_l3", "--output", "phantoms", "--count", str(SCANS), "--seed", "1")
        if not (FOLDER / "test" / "truth.json").is_file():
            self.command("phantom", "ct_l3", "--output", "test", "--count", str(TEST_SCANS), "--seed", "1001")
        self.command("preview", "config.yaml", "--output", "preview")
        self.train("pretrain", "pretrained")
        self.train("finetune", "finetuned", "--pretrained", "pretrained", "--set", f"train.max_steps={FINETUNE_STEPS}")
        shutil.rmtree(FOLDER / "predicted", ignore_errors=True)
        self.command("predict", "finetuned", "test/images", "--output", "predicted", "--format", "seg.nrrd")
        self.command(
            "measure", "--image", "test/images", "--labels", "predicted", "--tissues", "phantoms/tissues.json",
            "--output", "biomarkers.csv",
        )  # fmt: skip
        self.command(
            "evaluate", "--prediction", "predicted", "--reference", "test/labels", "--image", "test/images",
            "--tissues", "phantoms/tissues.json", "--output", "agreement.csv",
        )  # fmt: skip
        first = sorted((FOLDER / "test" / "images").iterdir())[0].name
        stem = first.removesuffix(".nii.gz")
        picture = [str(self.python), str(REPOSITORY / "scripts" / "overlay.py")]
        subprocess.run([*picture, f"test/images/{first}", f"predicted/{stem}.seg.nrrd", "overlay.png"], cwd=FOLDER, check=True)


def main() -> int:
    """0 when the table and the picture are there."""
    python = environment_python()
    start = time.monotonic()
    Demo(python).run()
    results = {"table": "biomarkers.csv", "agreement": "agreement.csv", "picture": "overlay.png", "corruption": "preview"}
    print(f"\nDone in {time.monotonic() - start:.0f} s. In {FOLDER}: {json.dumps(results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
