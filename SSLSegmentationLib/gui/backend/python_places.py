"""Where Pythons are usually installed, on each system: paths to ask, none of them started here."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Dict, Iterator, List, Mapping

# The versions that the backend runs on, the best one first.
VERSIONS = ((3, 13), (3, 12), (3, 11), (3, 10))
_NAMES = tuple(f"python{major}.{minor}" for major, minor in VERSIONS)
_CONDA_FOLDERS = ("miniforge3", "mambaforge", "miniconda3", "anaconda3")


def _on_path(search_path: str, system: str) -> Iterator[Path]:
    # pyenv's stand-ins answer only for the version that is switched on; its real Pythons are listed below.
    folders = [folder for folder in search_path.split(os.pathsep) if "shims" not in folder]
    if system == "darwin":
        # A stand-in as well: it asks the person to install Apple's developer tools.
        folders = [folder for folder in folders if folder.rstrip("/") != "/usr/bin"]
    joined = os.pathsep.join(folders)
    for name in (*_NAMES, "python3"):
        found = shutil.which(name, path=joined)
        if found:
            yield Path(found)


def _of_tools(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Pythons of pyenv, uv and conda."""
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    for pattern in ("versions/*/bin/python3", "versions/*/python.exe", "pyenv-win/versions/*/python.exe"):
        yield from sorted(pyenv.glob(pattern), reverse=True)
    for folder in (home / ".local" / "share" / "uv" / "python", Path(environment.get("APPDATA") or home) / "uv" / "python"):
        for pattern in ("cpython-*/bin/python3", "cpython-*/python.exe"):
            yield from sorted(folder.glob(pattern), reverse=True)
    for base in (home, Path("/opt")):
        for name in (*_CONDA_FOLDERS, "conda"):
            yield base / name / "bin" / "python3"
            yield base / name / "python.exe"


def _of_windows(environment: Mapping[str, str]) -> Iterator[Path]:
    roots = [Path(environment["ProgramFiles"])] if environment.get("ProgramFiles") else []
    if environment.get("SystemDrive"):
        # Without the separator "C:" is the current folder of that drive.
        roots.append(Path(environment["SystemDrive"] + os.sep))
    if environment.get("LOCALAPPDATA"):
        roots.insert(0, Path(environment["LOCALAPPDATA"]) / "Programs" / "Python")
    for major, minor in VERSIONS:
        for root in roots:
            yield root / f"Python{major}{minor}" / "python.exe"


def _of_macos() -> Iterator[Path]:
    for name in _NAMES:
        yield Path("/opt/homebrew/bin") / name
        yield Path("/Library/Frameworks/Python.framework/Versions") / name[len("python") :] / "bin" / name
        yield Path("/usr/local/bin") / name


def usual_places(*, environment: Mapping[str, str], home: Path, system: str) -> List[Path]:
    """Pythons that are there, each file once, the likeliest first. `system`: as `sys.platform`."""
    places = list(_on_path(environment.get("PATH", ""), system))
    if system == "win32":
        places += _of_windows(environment)
    elif system == "darwin":
        places += _of_macos()
    else:
        places += [Path(folder) / name for name in _NAMES for folder in ("/usr/bin", "/usr/local/bin")]
    places += _of_tools(home, environment)
    there: Dict[Path, Path] = {}
    for place in places:
        if place.is_file():
            there.setdefault(place.resolve(), place)
    return list(there.values())


def listed_by_launcher(listing: str) -> List[Path]:
    """The Pythons in what Windows' `py -0p` prints: a version, perhaps a star, and a path on each line."""
    found = (re.search(r"([A-Za-z]:\\.*\.exe)\s*$", line) for line in listing.splitlines())
    return [Path(match.group(1)) for match in found if match]
