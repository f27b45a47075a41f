"""The test command: sets up its own environment, then style, types, import rules, Python 3.9, tests and coverage.

Arguments are handed to pytest; with any, only pytest runs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from environment import REPOSITORY, environment_python

SLICER_FLOORS = ["SSLSegmentationLib/contract", "SSLSegmentationLib/imaging"]


def checks(python: Path) -> list[tuple[str, list[str]]]:
    """Each check by name, in the order of their cost."""
    module = [str(python), "-m"]
    folder = python.parent
    return [
        ("style", [*module, "ruff", "check", "."]),
        ("format", [*module, "ruff", "format", "--check", "."]),
        ("imports", [str(folder / "lint-imports")]),
        (
            "Python 3.9",
            [str(folder / "vermin"), "-q", "-t=3.9-", "--no-tips", "--eval-annotations", "--violations", *SLICER_FLOORS],
        ),
        ("types", [*module, "mypy"]),
        ("tests", [*module, "coverage", "run", "-m", "pytest", "-q"]),
        ("coverage data", [*module, "coverage", "combine", "-q"]),
        ("coverage", [*module, "coverage", "report"]),
    ]


def main() -> int:
    """0 when everything passed."""
    python = environment_python(extras="test")
    if sys.argv[1:]:
        return subprocess.run([str(python), "-m", "pytest", *sys.argv[1:]], cwd=REPOSITORY, check=False).returncode
    subprocess.run([str(python), "-m", "coverage", "erase"], cwd=REPOSITORY, check=False)
    failed = []
    for name, command in checks(python):
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=REPOSITORY, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
