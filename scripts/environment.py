"""Makes the project's own Python environments, `.venv` (engine) and `.venv-slicer`, where missing or out of date."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
OLDEST = (3, 10)
# Ends with 0 where every module of pip is there: without python3-venv, or stopped half way, `venv` leaves a Python without it.
PIP_IS_WHOLE = """\
from importlib.metadata import files
modules = [file for file in files("pip") or () if file.suffix == ".py"]
raise SystemExit(not modules or not all(module.locate().is_file() for module in modules))
"""


@dataclass(frozen=True)
class Environment:
    """One environment: its folder, its pins, what the packages are called to the person, pip's arguments step by step."""

    folder: str
    constraints: str
    title: str
    steps: tuple[tuple[str, ...], ...]

    @property
    def python(self) -> Path:
        return REPOSITORY / self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment_python(*, extras: str = "") -> Path:
    """The engine's Python, with the package and its `extras` ("test") installed; a second call reuses what is there."""
    # torch alone first: its pin must stand before another package asks for a newer one.
    steps = (("torch",), ("-e", f"{REPOSITORY}[{extras}]" if extras else str(REPOSITORY)))
    return _make(Environment(".venv", "constraints.txt", "torch and the other packages", steps), stamp=extras or "plain")


def slicer_python() -> Path:
    """The Python of the tests that need Slicer's scene and Qt; it has what Slicer's own Python has, and no torch."""
    names = ("slicer-core", "PyQt6", "numpy", "scipy", "SimpleITK", "requests", "pytest", "coverage[toml]")
    environment = Environment(".venv-slicer", "constraints-slicer.txt", "Slicer's scene, Qt and the other packages", (names,))
    return _make(environment, stamp="test")


def _make(environment: Environment, *, stamp: str) -> Path:
    if sys.version_info < OLDEST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: this needs Python {OLDEST[0]}.{OLDEST[1]} or newer.")
    folder, constraints = REPOSITORY / environment.folder, REPOSITORY / environment.constraints
    mark = folder / f".installed-{stamp}"
    facts = [(REPOSITORY / "pyproject.toml").read_text(), constraints.read_text(), str(environment.steps)]
    wanted = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    if not (environment.python.is_file() and mark.is_file() and mark.read_text() == wanted):
        if not _is_whole(environment.python):
            _say(f"Making a Python environment in {folder} …")
            if subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=False).returncode:
                sys.exit(
                    "This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv. Then run this again."
                )
        _say(f"Installing {environment.title} (the first time this downloads them) …")
        pip = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-c", str(constraints)]
        for what in environment.steps:
            if subprocess.run([*pip, *what], check=False).returncode:
                sys.exit("The packages could not be installed. Check the network connection and run this again.")
        mark.write_text(wanted)
    return environment.python


def _is_whole(python: Path) -> bool:
    """Whether an environment can be installed into."""
    look = [str(python), "-c", PIP_IS_WHOLE]
    return python.is_file() and subprocess.run(look, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
