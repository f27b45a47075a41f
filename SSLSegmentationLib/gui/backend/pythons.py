"""Finds a Python that a backend can be made from: each candidate is asked, and says itself what it lacks."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.python_command import python_command
from SSLSegmentationLib.gui.backend.child import run_child, together
from SSLSegmentationLib.gui.backend.python_places import VERSIONS, listed_by_launcher, usual_places
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.texts import _

_OLDEST, _NEWEST = VERSIONS[-1], VERSIONS[0]
_ANSWER_SECONDS = 30.0
_AT_ONCE = 3

# Makes an environment and starts it without whatever launched this Python: only that proves that it can.
_QUESTION = """
import json, os, platform, struct, subprocess, sys, sysconfig, tempfile
facts = {"version": list(sys.version_info[:3]), "machine": platform.machine(), "bits": struct.calcsize("P") * 8,
         "implementation": platform.python_implementation(), "prefix": sys.base_prefix,
         "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")), "missing": [], "trial": ""}
for name in ("venv", "ensurepip", "ssl", "zlib", "ctypes"):
    try:
        __import__(name)
    except Exception:
        facts["missing"].append(name)
if not facts["missing"]:
    foreign = ("PYTHON", "LD_LIBRARY_PATH", "DYLD_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    with tempfile.TemporaryDirectory() as folder:
        inner = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
        for command in ([sys.executable, "-I", "-m", "venv", "--without-pip", folder], [inner, "-I", "-c", "import ssl, ctypes"]):
            try:
                done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                words = done.stdout.decode("utf-8", "replace").strip().splitlines()
            except OSError as error:
                facts["trial"] = str(error)
                break
            if done.returncode:
                facts["trial"] = words[-1] if words else "exit code %d" % done.returncode
                break
print(json.dumps(facts))
"""


@dataclass(frozen=True)
class FoundPython:
    """A Python on this computer; `problem` says why no backend can be made from it, "" where one can."""

    path: str
    version: Tuple[int, int, int] = (0, 0, 0)
    machine: str = ""
    problem: str = ""
    of_slicer: bool = False
    # Where it is installed: two names of one installation have the same.
    prefix: str = ""

    @property
    def fit(self) -> bool:
        return not self.problem

    @property
    def title(self) -> str:
        """ "Python 3.12.10 (x86_64), /usr/bin/python3.12", with the problem where there is one."""
        if self.version == (0, 0, 0):
            return f"{self.path}: {self.problem}"
        number = ".".join(str(part) for part in self.version)
        title = f"Python {number} ({self.machine}), {self.path}"
        return f"{title}: {self.problem}" if self.problem else title


def ask(path: PathLike, *, of_slicer: bool = False) -> "Steps[FoundPython]":
    """What one Python says of itself. Never raises: one that doesn't run has that as its problem."""
    name = os.fspath(path)
    try:
        finished = yield from run_child(
            [*python_command(name), "-c", _QUESTION], text=_("Looking for Python …"), timeout=_ANSWER_SECONDS
        )
    except OSError as error:
        return FoundPython(name, problem=_("it cannot be started ({reason})").format(reason=error.strerror), of_slicer=of_slicer)
    if finished.code is None:
        return FoundPython(name, problem=_("it does not answer"), of_slicer=of_slicer)
    try:
        facts = json.loads(finished.output.strip().splitlines()[-1])
        major, minor, patch = facts["version"]
        found = FoundPython(
            name, (int(major), int(minor), int(patch)), facts["machine"], _problem(facts), of_slicer, facts["prefix"]
        )
    except (ValueError, KeyError, TypeError, IndexError):
        reason = finished.last_line[:200] or _("exit code {code}").format(code=finished.code)
        return FoundPython(name, problem=_("it does not work ({reason})").format(reason=reason), of_slicer=of_slicer)
    return found


def _problem(facts: Dict[str, Any]) -> str:
    version, number = tuple(facts["version"][:2]), ".".join(str(part) for part in facts["version"][:2])
    if not _OLDEST <= version <= _NEWEST:
        return _("version {number} does not fit, {oldest} to {newest} does").format(
            number=number, oldest=_dotted(_OLDEST), newest=_dotted(_NEWEST)
        )
    if facts["implementation"] != "CPython" or facts["free_threaded"]:
        return _("it is a special kind of Python, for which there are no packages")
    if facts["bits"] != 64:
        return _("it is a 32-bit Python, for which there is no torch")
    if sys.platform == "darwin" and facts["machine"] == "x86_64":
        return _("it is made for Intel processors, for which there is no new torch on macOS; choose one for arm64")
    if facts["missing"]:
        return _("it lacks {modules}").format(modules=", ".join(facts["missing"]))
    if facts["trial"]:
        return _("it cannot make environments ({reason})").format(reason=str(facts["trial"])[:200])
    return ""


def _dotted(version: Tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def full_path(python: PathLike) -> str:
    """A path as the search gives it. Links stay: the launcher of a virtual environment finds its packages by its own name."""
    return os.path.abspath(os.path.expanduser(python))  # noqa: PTH100, PTH111  # `resolve` follows links


def find_pythons(chosen: str = "", *, places: Optional[Sequence[PathLike]] = None) -> "Steps[Tuple[FoundPython, ...]]":
    """The Pythons of this computer: the chosen one, then those that fit, Slicer's own last, then the others with their reason.

    `places`: paths to ask instead of the usual ones.
    """
    if places is None:
        paths: List[PathLike] = list(usual_places(environment=os.environ, home=Path.home(), system=sys.platform))
        launcher = shutil.which("py") if sys.platform == "win32" else None
        if launcher:
            listing = yield from run_child([launcher, "-0p"], text=_("Looking for Python …"), timeout=_ANSWER_SECONDS)
            paths += listed_by_launcher(listing.output)
    else:
        paths = list(places)
    given = {full_path(path): False for path in ([chosen] if chosen else []) + paths}
    own = shutil.which("PythonSlicer") if places is None else None
    if own:
        given[own] = True
    answers = yield from together([ask(path, of_slicer=of_slicer) for path, of_slicer in given.items()], at_once=_AT_ONCE)
    return _ordered(answers, first=full_path(chosen) if chosen else "")


def _ordered(answers: Sequence[FoundPython], *, first: str) -> Tuple[FoundPython, ...]:
    once: Dict[Tuple[str, Tuple[int, int, int]], FoundPython] = {}
    for answer in answers:
        key = (answer.prefix or answer.path, answer.version)
        once.setdefault(key, answer)

    def rank(found: FoundPython) -> Tuple[bool, bool, bool, Tuple[int, ...]]:
        return (found.path != first, not found.fit, found.of_slicer, tuple(-part for part in found.version))

    return tuple(sorted(once.values(), key=rank))
