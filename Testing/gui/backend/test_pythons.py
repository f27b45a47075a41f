"""Pythons are found where they usually are, and each says itself what it lacks."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path, PureWindowsPath

import pytest

from SSLSegmentationLib.contract import python_command
from SSLSegmentationLib.gui.backend import python_places, pythons
from SSLSegmentationLib.gui.backend.environment import make_plan
from SSLSegmentationLib.gui.backend.python_places import listed_by_launcher, usual_places
from SSLSegmentationLib.gui.backend.pythons import FoundPython, ask, find_pythons
from SSLSegmentationLib.gui.operation import Operation

ANSWER = {
    "version": [3, 12, 4],
    "machine": "x86_64",
    "bits": 64,
    "implementation": "CPython",
    "prefix": "/opt/one",
    "free_threaded": False,
    "missing": [],
    "trial": "",
}


def asked(path) -> FoundPython:
    return Operation(ask(path)).wait()


@pytest.fixture
def program(tmp_path):
    """Makes a program that stands in for a Python."""

    def make(text: str, name: str = "python3") -> Path:
        path = tmp_path / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


def answering(program, name: str = "python3", **changes) -> Path:
    return program(f"cat <<'END'\n{json.dumps({**ANSWER, **changes})}\nEND\n", name)


def test_this_python_fits() -> None:
    found = asked(sys.executable)
    assert found.fit
    assert found.version == sys.version_info[:3]
    assert found.title.startswith(f"Python {sys.version_info[0]}.{sys.version_info[1]}.")


def test_a_poisoned_environment_does_not_matter(monkeypatch) -> None:
    for name in ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "/nowhere")
    assert asked(sys.executable).fit


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": [3, 9, 10]}, "version 3.9 does not fit, 3.10 to 3.13 does"),
        ({"version": [3, 14, 0]}, "version 3.14 does not fit"),
        ({"implementation": "PyPy"}, "special kind"),
        ({"free_threaded": True}, "special kind"),
        ({"bits": 32}, "32-bit"),
        ({"missing": ["ensurepip", "ssl"]}, "lacks ensurepip, ssl"),
        ({"trial": "libpython3.12.so: cannot open"}, "cannot make environments (libpython3.12.so: cannot open)"),
    ],
)
def test_a_python_that_does_not_fit_says_why(program, changes, words) -> None:
    found = asked(answering(program, **changes))
    assert not found.fit
    assert words in found.title


@pytest.fixture
def translated(program, monkeypatch):
    """A Mac on which this program is an Intel one, on a processor that is an Intel one (0) or not (1)."""

    def make(arm64: int) -> None:
        monkeypatch.setattr(python_command.sys, "platform", "darwin")
        monkeypatch.setattr(python_command.platform, "machine", lambda: "x86_64")
        monkeypatch.setattr(python_command, "ARCH", str(program('export NATIVE=1; shift 2; exec "$@"\n', "arch")))
        monkeypatch.setattr(python_command, "SYSCTL", str(program(f"echo {arm64}\n", "sysctl")))
        python_command.native_prefix.cache_clear()

    yield make
    python_command.native_prefix.cache_clear()


def test_an_intel_python_does_not_fit_on_macos(program, translated) -> None:
    translated(0)
    assert "Intel" in asked(answering(program)).problem


def test_a_universal_python_is_asked_as_that_of_the_processor(program, translated) -> None:
    translated(1)
    text = json.dumps({**ANSWER, "machine": "MACHINE"})
    python = program(f"machine=${{NATIVE:+arm64}}\ncat <<'END' | sed s/MACHINE/${{machine:-x86_64}}/\n{text}\nEND\n")
    assert asked(python).fit and asked(python).machine == "arm64"
    plan = make_plan(str(python), folder=python.parent / "backend")
    assert all(command[2] == "-x86_64" for command in plan.pip_commands(python))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'pyenv: python3.13: command not found' >&2; exit 127", "pyenv: python3.13: command not found"),
        ("exit 9", "exit code 9"),
        ("echo garbage", "garbage"),
        ("echo '{\"version\": 3}'", "does not work"),
    ],
)
def test_a_broken_python_is_named_with_its_own_words(program, text, words) -> None:
    found = asked(program(text))
    assert not found.fit
    assert words in found.title
    assert found.path in found.title


def test_a_python_that_does_not_answer_is_ended(program, monkeypatch) -> None:
    monkeypatch.setattr(pythons, "_ANSWER_SECONDS", 0.3)
    assert asked(program("sleep 600")).problem == "it does not answer"


def test_a_file_that_is_no_program_and_one_that_is_not_there_are_named(tmp_path) -> None:
    (tmp_path / "python3").write_text("")
    assert "cannot be started" in asked(tmp_path / "python3").problem
    assert "cannot be started" in asked(tmp_path / "nothing").problem


def test_the_chosen_one_comes_first_and_those_that_do_not_fit_last(program) -> None:
    old = answering(program, "python3.9", version=[3, 9, 1], prefix="/a")
    new = answering(program, "python3.13", version=[3, 13, 1], prefix="/b")
    middle = answering(program, "python3.11", version=[3, 11, 1], prefix="/c")
    same = answering(program, "python3", version=[3, 13, 1], prefix="/b")
    found = Operation(find_pythons(places=[old, middle, new, same])).wait()
    assert [Path(one.path).name for one in found] == ["python3.13", "python3.11", "python3.9"]
    chosen = Operation(find_pythons(str(middle), places=[old, middle, new])).wait()
    assert [Path(one.path).name for one in chosen] == ["python3.11", "python3.13", "python3.9"]


def test_slicers_own_python_is_the_last_choice(program, tmp_path, monkeypatch) -> None:
    # As the real one it hands its Python the paths by variables, to which -I makes it deaf.
    deaf = 'for word in "$@"; do [ "$word" = -I ] && { echo "No module named \'encodings\'" >&2; exit 1; }; done'
    program(f"{deaf}\ncat <<'END'\n{json.dumps({**ANSWER, 'version': [3, 12, 10], 'prefix': '/slicer'})}\nEND\n", "PythonSlicer")
    answering(program, "python3.11", version=[3, 11, 1], prefix="/b")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(pythons, "usual_places", lambda **_given: [tmp_path / "python3.11"])
    found = Operation(find_pythons()).wait()
    assert [Path(one.path).name for one in found] == ["python3.11", "PythonSlicer"]
    assert found[1].of_slicer and found[1].fit, found[1].problem


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755)
    return path


def test_pythons_on_the_path_are_found_but_no_stand_ins_of_pyenv(tmp_path) -> None:
    stand_in = touched(tmp_path / "shims" / "python3.12")
    real = touched(tmp_path / "bin" / "python3.11")
    path = os.pathsep.join(str(folder) for folder in (stand_in.parent, real.parent))
    places = usual_places(environment={"PATH": path}, home=tmp_path, system="linux")
    assert real in places
    assert stand_in not in places


def test_pythons_of_pyenv_uv_and_conda_are_found(tmp_path) -> None:
    expected = {
        touched(tmp_path / ".pyenv/versions/3.12.1/bin/python3"),
        touched(tmp_path / ".local/share/uv/python/cpython-3.11/bin/python3"),
        touched(tmp_path / "miniforge3/bin/python3"),
    }
    assert expected <= set(usual_places(environment={}, home=tmp_path, system="darwin"))


def test_versions_of_pyenv_on_windows_are_found_wherever_its_variable_points(tmp_path) -> None:
    python = touched(tmp_path / "pyenv-win/versions/3.12.1/python.exe")
    for root in (tmp_path, tmp_path / "pyenv-win"):
        assert python in usual_places(environment={"PYENV_ROOT": str(root)}, home=tmp_path / "home", system="win32")


def test_a_python_beside_the_root_of_the_drive_is_looked_for_there(monkeypatch) -> None:
    monkeypatch.setattr(python_places, "Path", PureWindowsPath)
    places = [str(place) for place in python_places._of_windows({"SystemDrive": "C:"})]
    assert "C:\\Python313\\python.exe" in places, "C:Python313 is in the current folder of the drive"


def test_apples_stand_in_is_never_started_since_it_opens_a_dialog(tmp_path, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(python_places.shutil, "which", lambda name, path: asked.append((name, path)))
    environment = {"PATH": os.pathsep.join(["/usr/bin", str(tmp_path), "/usr/bin/"])}
    usual_places(environment=environment, home=tmp_path, system="darwin")
    assert {path for _name, path in asked} == {str(tmp_path)}
    asked.clear()
    usual_places(environment=environment, home=tmp_path, system="linux")
    assert all("/usr/bin" in path for _name, path in asked)


def test_pythons_of_windows_are_found(tmp_path) -> None:
    mine = touched(tmp_path / "local/Programs/Python/Python312/python.exe")
    everyones = touched(tmp_path / "programs/Python310/python.exe")
    environment = {"LOCALAPPDATA": str(tmp_path / "local"), "ProgramFiles": str(tmp_path / "programs")}
    places = usual_places(environment=environment, home=tmp_path, system="win32")
    assert places[:2] == [mine, everyones] or {mine, everyones} <= set(places)


def test_one_file_under_two_names_is_listed_once(tmp_path) -> None:
    real = touched(tmp_path / "bin" / "python3.12")
    (tmp_path / "bin" / "python3").symlink_to(real)
    places = usual_places(environment={"PATH": str(tmp_path / "bin")}, home=tmp_path, system="linux")
    assert [place.name for place in places if place.parent == real.parent] == ["python3.12"]


def test_the_list_of_windows_launcher_is_read() -> None:
    listing = " -V:3.12 *        C:\\Program Files\\Python312\\python.exe\r\n -V:3.11-32  C:\\P\\python.exe\r\nnothing\r\n"
    assert [str(path) for path in listed_by_launcher(listing)] == [
        "C:\\Program Files\\Python312\\python.exe",
        "C:\\P\\python.exe",
    ]
