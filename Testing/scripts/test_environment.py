"""The project's own environment is made, made again where an earlier call was stopped half way, and else left alone."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from Testing.data import REPOSITORY


@pytest.fixture
def script(tmp_path: Path) -> dict[str, Any]:
    """The script's names, for environments in a folder of their own."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "constraints.txt").touch()
    names: dict[str, Any] = runpy.run_path(str(REPOSITORY / "scripts" / "environment.py"))
    names["_make"].__globals__["REPOSITORY"] = tmp_path
    return names


def make(script: dict[str, Any]) -> Path:
    """The Python of an environment without packages of its own."""
    python: Path = script["_make"](script["Environment"](".venv", "constraints.txt", "nothing", ()), stamp="test")
    return python


def pip_works(python: Path) -> bool:
    return subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def test_an_environment_is_made_again_where_it_is_damaged_and_else_kept(tmp_path: Path, script: dict[str, Any]) -> None:
    folder = tmp_path / ".venv"
    # What `venv` leaves on Debian without python3-venv, and where it was stopped before pip was there.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = make(script)
    assert pip_works(python)
    (folder / "own.txt").touch()
    (folder / ".installed-test").unlink()  # as where the packages could not be downloaded
    make(script)
    assert (folder / "own.txt").is_file()
    assert script["_is_whole"](python)
    next(folder.rglob("pip/_internal/cli/main.py")).unlink()  # as where pip's unpacking was stopped
    assert not script["_is_whole"](python)
    python.unlink()  # as where the system's Python was replaced by a newer one
    assert pip_works(make(script))
