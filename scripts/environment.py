"""Makes the project's own Python environment, the folder `.venv`, where it is missing or out of date."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / ".venv"
OLDEST = (3, 10)
CONSTRAINTS = REPOSITORY / "constraints.txt"


def environment_python(*, extras: str = "") -> Path:
    """The environment's Python, with the package and its `extras` ("test") installed; a second call reuses what is there."""
    if sys.version_info < OLDEST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: this needs Python {OLDEST[0]}.{OLDEST[1]} or newer.")
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        _say(f"Making a Python environment in {FOLDER} …")
        if subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=False).returncode:
            sys.exit("This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv. Then run this again.")
    stamp = FOLDER / f".installed-{extras or 'plain'}"
    wanted = hashlib.sha256((REPOSITORY / "pyproject.toml").read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        _say("Installing torch and the other packages (the first time this downloads them) …")
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-c", str(CONSTRAINTS)]
        # torch alone first: its pin must stand before another package asks for a newer one.
        for what in (["torch"], ["-e", f"{REPOSITORY}[{extras}]" if extras else str(REPOSITORY)]):
            if subprocess.run([*pip, *what], check=False).returncode:
                sys.exit("The packages could not be installed. Check the network connection and run this again.")
        stamp.write_text(wanted)
    return python


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
