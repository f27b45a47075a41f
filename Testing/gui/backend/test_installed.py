"""Which backend is in use, and which ones may go."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from SSLSegmentationLib.gui.backend import installed
from SSLSegmentationLib.gui.backend.installed import (
    begin_environment,
    environments,
    in_use,
    next_environment,
    python_of,
    read_backend,
    remove_unused,
    start_removal,
    write_backend,
)
from Testing.gui.backend.conftest import wait_for_removals


@pytest.fixture
def root(tmp_path):
    """A folder with two backends, of which the second is in use."""
    for number in (1, 2):
        begin_environment(tmp_path / f"backend-{number}")
        binaries = tmp_path / f"backend-{number}" / "bin"
        binaries.mkdir()
        (binaries / "python").symlink_to(sys.executable)
        write_backend(tmp_path, tmp_path / f"backend-{number}")
    return tmp_path


def test_the_pointer_names_the_backend_in_use(root) -> None:
    backend = read_backend(root)
    assert backend is not None
    assert backend.folder == str(root / "backend-2")
    assert backend.python == python_of(root / "backend-2")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"folder": "backend-9"}', '{"folder": "../backend-x"}', "\x00", '{"folder": 3}']
)
def test_a_pointer_that_leads_nowhere_is_no_backend(root, text) -> None:
    (root / "backend.json").write_text(text)
    assert read_backend(root) is None


def test_without_a_folder_there_is_no_backend(tmp_path) -> None:
    assert read_backend(tmp_path / "nothing") is None
    assert environments(tmp_path / "nothing") == []
    assert next_environment(tmp_path / "nothing").name == "backend-1"


def test_numbers_go_on_after_the_largest(root) -> None:
    (root / "backend-10").mkdir()
    (root / "backend-old").mkdir()
    assert [path.name for path in environments(root)] == ["backend-1", "backend-2", "backend-10"]
    assert next_environment(root).name == "backend-11"


def test_windows_has_its_python_elsewhere(root, monkeypatch) -> None:
    monkeypatch.setattr(installed.sys, "platform", "win32")
    assert python_of(root).endswith("python.exe")


def test_all_but_the_one_in_use_go(root) -> None:
    assert remove_unused(root, python=sys.executable) == [root / "backend-1"]
    wait_for_removals()
    assert [path.name for path in environments(root)] == ["backend-2"]


def test_folders_that_were_not_made_here_stay(root) -> None:
    for number in (3, 4):
        (root / f"backend-{number}").mkdir()
        (root / f"backend-{number}" / "thesis.txt").write_text("years of work")
    (root / "backend-4" / "made-by-SSLSegmentation.txt").write_bytes(b"\xff")
    assert remove_unused(root, python=sys.executable) == [root / "backend-1"]
    wait_for_removals()
    assert [path.name for path in environments(root)] == ["backend-2", "backend-3", "backend-4"]


def test_without_a_known_backend_only_unfinished_ones_go(root) -> None:
    (root / "backend.json").unlink()
    begin_environment(root / "backend-3")
    assert remove_unused(root, python=sys.executable) == [root / "backend-3"]
    wait_for_removals()
    assert [path.name for path in environments(root)] == ["backend-1", "backend-2"]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_backend_that_something_runs_from_stays(root, monkeypatch, platform) -> None:
    if platform == "darwin" and subprocess.run(["which", "ps"], capture_output=True).returncode:
        pytest.skip("this system has no ps")
    running = subprocess.Popen([python_of(root / "backend-1"), "-c", "import time; time.sleep(600)"])
    try:
        monkeypatch.setattr(installed.sys, "platform", platform)
        until = time.monotonic() + 10
        # The system shows a process's words a moment after it has begun.
        while not in_use(root / "backend-1"):
            assert time.monotonic() < until
        assert not in_use(root / "backend-2")
        assert remove_unused(root, python=sys.executable) == []
        assert (root / "backend-1").exists()
    finally:
        running.kill()
        running.wait()
    assert not in_use(root / "backend-1")


@pytest.fixture
def windows_root(tmp_path, monkeypatch):
    """Two backends as they lie on Windows, of which the second is in use, and the programs that Windows holds."""
    held: list[Path] = []
    is_open = Path.open

    def refusing(path, mode="r", **more):
        if path in held and "+" in mode:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return is_open(path, mode, **more)

    monkeypatch.setattr(installed.sys, "platform", "win32")
    monkeypatch.setattr(Path, "open", refusing)
    for number in (1, 2):
        program = tmp_path / f"backend-{number}" / "Scripts" / "python.exe"
        program.parent.mkdir(parents=True)
        program.write_bytes(b"MZ")
        write_backend(tmp_path, tmp_path / f"backend-{number}")
    return tmp_path, held


def test_on_windows_a_backend_whose_program_runs_stays(windows_root, monkeypatch) -> None:
    root, held = windows_root
    monkeypatch.setattr(installed, "start_removal", lambda _environment, *, python: None)
    held.append(root / "backend-1" / "Scripts" / "python.exe")
    assert in_use(root / "backend-1")
    assert remove_unused(root, python=sys.executable) == []
    held.clear()
    assert not in_use(root / "backend-1")
    assert remove_unused(root, python=sys.executable) == [root / "backend-1"]
    assert held == [] and (root / "backend-1" / "Scripts" / "python.exe").read_bytes() == b"MZ", "asking changes nothing"


def test_on_windows_a_backend_without_its_program_is_not_in_use(windows_root) -> None:
    root, _held = windows_root
    (root / "backend-1" / "Scripts" / "python.exe").unlink()
    assert not in_use(root / "backend-1")


def test_a_removal_without_a_python_leaves_the_folder_for_the_next_time(root) -> None:
    start_removal(root / "backend-1", python=root / "no-python")
    assert (root / "backend-1").exists()
