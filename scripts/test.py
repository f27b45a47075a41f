"""The test command: sets up its own environments, then style, types, import rules, Python 3.9, tests and coverage.

Arguments are handed to pytest; with any, only pytest runs, for paths under Testing/gui in the environment of Slicer's scene.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from environment import REPOSITORY, environment_python, slicer_python

SLICER_TESTS = "Testing/gui"
# Each in a process of its own, as Slicer is: what a thousand tests leave in memory would be counted as its blocks.
SLICER_PROCESSES = ("Testing/gui/backend", "Testing/gui/panels", "Testing/gui/scene", "Testing/gui/test_story.py")
SLICER_FLOORS = ["SSLSegmentationLib/contract", "SSLSegmentationLib/imaging", "SSLSegmentationLib/gui", "SSLSegmentation"]


@dataclass(frozen=True)
class Check:
    """One command of the test run, and what it needs in its environment beyond what there is."""

    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)

    def run(self) -> int:
        return subprocess.run(self.command, cwd=REPOSITORY, env={**os.environ, **self.variables}, check=False).returncode


def slicer_variables(engine: Path) -> dict[str, str]:
    """No screen is needed; the tests start the real backend with the engine's Python, whose coverage others measure."""
    return {"QT_QPA_PLATFORM": "offscreen", "SSLSEG_TEST_BACKEND": str(engine), "SSLSEG_COVERAGE_PATCH": "_exit"}


def checks(engine: Path, slicer: Path) -> list[Check]:
    """Each check, in the order of their cost."""
    module = [str(engine), "-m"]
    folder = engine.parent
    floors = [floor for floor in SLICER_FLOORS if (REPOSITORY / floor).is_dir()]
    old_python = [str(folder / "vermin"), "-q", "-t=3.9-", "--no-tips", "--eval-annotations", "--violations", *floors]
    measured = ["-m", "coverage", "run", "-m", "pytest", "-q"]
    others = [f"--ignore={path}" for path in SLICER_PROCESSES]
    return [
        Check("style", [*module, "ruff", "check", "."]),
        Check("format", [*module, "ruff", "format", "--check", "."]),
        Check("imports", [str(folder / "lint-imports")]),
        Check("Python 3.9", old_python),
        Check("types", [*module, "mypy"]),
        Check("tests", [str(engine), *measured]),
        *(Check(f"Slicer tests: {path}", [str(slicer), *measured, path], slicer_variables(engine)) for path in SLICER_PROCESSES),
        Check("Slicer tests: the others", [str(slicer), *measured, SLICER_TESTS, *others], slicer_variables(engine)),
        Check("coverage data", [*module, "coverage", "combine", "-q"]),
        Check("coverage", [*module, "coverage", "report"]),
    ]


def chosen_tests(arguments: list[str]) -> list[Check]:
    """The pytest runs for given arguments: options go to each run, paths to the environment they belong to."""
    paths = [argument for argument in arguments if (REPOSITORY / argument.partition("::")[0]).exists()]
    options = [argument for argument in arguments if argument not in paths]
    in_slicer = [path for path in paths if (REPOSITORY / path).is_relative_to(REPOSITORY / SLICER_TESTS)]
    others = [path for path in paths if path not in in_slicer]
    engine = environment_python(extras="test")
    runs = []
    if others or not in_slicer:
        runs.append(Check("tests", [str(engine), "-m", "pytest", *options, *others]))
    if in_slicer:
        command = [str(slicer_python()), "-m", "pytest", *options, *in_slicer]
        runs.append(Check("Slicer tests", command, slicer_variables(engine)))
    return runs


def main() -> int:
    """0 when everything passed."""
    if sys.argv[1:]:
        codes = [check.run() for check in chosen_tests(sys.argv[1:])]
        return next((code for code in codes if code), 0)
    engine, slicer = environment_python(extras="test"), slicer_python()
    subprocess.run([str(engine), "-m", "coverage", "erase"], cwd=REPOSITORY, check=False)
    failed = []
    for check in checks(engine, slicer):
        print(f"== {check.name}", flush=True)
        if check.run():
            failed.append(check.name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
