"""The panel Backend without its widgets."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.backend.installed import environments, python_of, write_backend
from SSLSegmentationLib.gui.backend.packages import Driver
from SSLSegmentationLib.gui.backend.pythons import FoundPython
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.backend import logic as module
from SSLSegmentationLib.gui.panels.backend.logic import BASE_PYTHON, PIP_OPTIONS, BackendLogic
from SSLSegmentationLib.gui.settings import BACKEND_FOLDER, BACKEND_PYTHON
from Testing.gui.backend.conftest import wait_for_removals
from Testing.gui.backend.test_checking import ANSWER
from Testing.gui.backend.wheels import clean_pip, local_plan, make_wheels


class Memory:
    """Settings and operations, kept for one test."""

    def __init__(self) -> None:
        self.values: Dict[str, Any] = {}
        self.operations: List[Operation[Any]] = []
        self.settings = self

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value

    def run(self, steps: Any, *, outlives_scene: bool = False, **callbacks: Any) -> Operation[Any]:
        self.operations.append(Operation(steps, **callbacks))
        return self.operations[-1]

    def finish(self) -> None:
        """Carries on with everything until nothing is left to do."""
        while self.operations:
            operation = self.operations.pop(0)
            while operation.step():
                pass


class Told:
    """What the logic told whoever watches it."""

    def __init__(self) -> None:
        self.changes = 0
        self.errors: List[SSLSegmentationError] = []
        self.progress: List[Any] = []
        self.done = 0

    def changed(self) -> None:
        self.changes += 1

    def finished(self) -> None:
        self.done += 1


@pytest.fixture
def memory(tmp_path):
    made = Memory()
    made.values[BACKEND_FOLDER] = str(tmp_path / "backend")
    yield made
    wait_for_removals()


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def logic(memory, told) -> BackendLogic:
    return BackendLogic(memory, changed=told.changed)


def stand_in(folder: Path, *, number: int = 1, answer: str = "") -> str:
    """A backend whose Python only answers what `doctor` would; gives that Python."""
    import json

    python = Path(python_of(folder / f"backend-{number}"))
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ncat <<'END'\n" + (answer or json.dumps(ANSWER)) + "\nEND\n")
    python.chmod(0o755)
    return str(python)


def test_at_first_there_is_no_backend(logic, memory) -> None:
    logic.refresh()
    memory.finish()
    assert logic.python == ""
    assert not logic.ready
    assert "no backend yet" in logic.line


def test_the_default_folder_is_the_persons_own(logic, memory) -> None:
    memory.values.clear()
    assert logic.folder == module.default_folder()


def test_an_installed_backend_is_found_and_checked_once(logic, memory, told) -> None:
    python = stand_in(logic.folder)
    write_backend(logic.folder, logic.folder / "backend-1")
    logic.refresh()
    assert logic.line == "Checking the backend …"
    memory.finish()
    assert memory.values[BACKEND_PYTHON] == python
    assert logic.ready
    assert logic.line == "torch 2.13.0 · CPU, 2 threads · 20.1 GB free"
    logic.refresh()
    assert memory.operations == []
    logic.refresh(again=True)
    assert len(memory.operations) == 1
    logic.refresh(again=True)
    assert len(memory.operations) == 1, "two checks at once"
    memory.finish()
    assert told.changes >= 4


def test_a_newer_backend_of_another_slicer_is_taken_and_the_former_one_removed(logic, memory) -> None:
    memory.values[BACKEND_PYTHON] = stand_in(logic.folder, number=1)
    write_backend(logic.folder, logic.folder / "backend-1")
    newer = stand_in(logic.folder, number=2)
    write_backend(logic.folder, logic.folder / "backend-2")
    logic.refresh()
    memory.finish()
    assert memory.values[BACKEND_PYTHON] == newer
    # The stand-in for a Python can't remove anything; this one can.
    module.remove_unused(logic.folder, python=sys.executable)
    wait_for_removals()
    assert [path.name for path in environments(logic.folder)] == ["backend-2"]


def test_a_python_that_the_person_looks_after_stays_chosen(logic, memory, tmp_path) -> None:
    own = stand_in(tmp_path / "elsewhere")
    memory.values[BACKEND_PYTHON] = own
    stand_in(logic.folder)
    write_backend(logic.folder, logic.folder / "backend-1")
    assert logic.python == own
    Path(own).unlink()
    assert logic.python == python_of(logic.folder / "backend-1")


def test_choosing_a_folder_with_a_backend_takes_it_into_use(logic, memory, tmp_path) -> None:
    other = tmp_path / "other"
    python = stand_in(other)
    write_backend(other, other / "backend-1")
    logic.choose_folder(str(other))
    memory.finish()
    assert memory.values[BACKEND_PYTHON] == python
    assert logic.ready


def test_a_backend_that_gives_no_answer_is_told_and_can_be_asked_again(logic, memory) -> None:
    memory.values[BACKEND_PYTHON] = stand_in(logic.folder, answer="garbage")
    logic.refresh()
    memory.finish()
    assert "no usable answer: garbage" in logic.line
    assert logic.error is not None and not logic.ready
    assert "job.backend_died" in logic.report("Slicer")


def test_a_cancelled_check_is_no_error_and_is_made_up_for(logic, memory) -> None:
    memory.values[BACKEND_PYTHON] = stand_in(logic.folder)
    logic.refresh()
    memory.operations.pop().cancel()
    assert logic.error is None
    logic.refresh()
    memory.finish()
    assert logic.ready


@pytest.fixture
def known(monkeypatch):
    """What is found on this computer: two Pythons that fit, one that doesn't, and a graphics card."""
    pythons = (
        FoundPython("/p/python3.13", (3, 13, 1), "x86_64"),
        FoundPython("/p/python3.11", (3, 11, 1), "x86_64"),
        FoundPython("/p/python3.9", (3, 9, 1), "x86_64", "version 3.9 does not fit"),
    )

    def find(chosen):
        assert chosen is not None
        if False:
            yield
        return pythons, Driver("RTX", (12, 8))

    monkeypatch.setattr(module, "_find", find)
    return pythons


def test_the_best_python_is_proposed_until_another_is_chosen(logic, memory, known) -> None:
    assert logic.base is None
    logic.find()
    assert logic.finding is not None
    logic.find()
    assert len(memory.operations) == 1, "two searches at once"
    memory.finish()
    assert logic.base == known[0]
    logic.choose_base(known[1].path)
    assert logic.base == known[1]
    assert memory.operations == []
    logic.choose_base("/somewhere/python3")
    assert len(memory.operations) == 1, "a new one is asked first"
    memory.finish()


def test_a_python_that_is_chosen_while_the_search_runs_is_asked_as_well(logic, memory, known, monkeypatch) -> None:
    sought = []

    def find(chosen):
        sought.append(chosen)
        yield from ()
        own = (FoundPython(chosen, (3, 12, 1), "x86_64"),) if chosen else ()
        return (*own, *known), None

    monkeypatch.setattr(module, "_find", find)
    logic.find()
    logic.choose_base("/own/python3")
    memory.finish()
    assert sought == ["", "/own/python3"]
    assert logic.base is not None and logic.base.path == "/own/python3"


def test_a_chosen_python_that_is_not_found_is_sought_once(logic, memory, known) -> None:
    logic.find()
    logic.choose_base("/own/python3")
    memory.finish()
    assert logic.finding is None and logic.base == known[0]


def test_a_path_as_a_dialog_gives_it_is_known_as_the_search_gives_it(logic, memory, known) -> None:
    logic.find()
    memory.finish()
    logic.choose_base("/p//extra/../python3.9")
    assert memory.operations == [], "it is known"
    assert logic.base == known[2]
    with pytest.raises(SSLSegmentationError, match="version 3.9 does not fit"):
        logic.plan("plain")


def test_the_plan_follows_what_is_chosen(logic, memory, known) -> None:
    logic.find()
    memory.finish()
    logic.choose_pip_options(" --no-index ")
    plan = logic.plan("cu128")
    assert (plan.python, plan.folder, plan.build.name) == (known[0].path, logic.folder, "cu128")
    assert plan.pip_options == ("--no-index",)
    assert memory.values[PIP_OPTIONS] == "--no-index"
    assert logic.plan("unknown").build.name == "plain"
    assert "CUDA 12.8" in logic.advice()


def test_a_python_that_does_not_fit_cannot_be_planned_with(logic, memory, known) -> None:
    memory.values[BASE_PYTHON] = known[2].path
    logic.find()
    memory.finish()
    with pytest.raises(SSLSegmentationError, match="version 3.9 does not fit"):
        logic.plan("plain")


def test_without_any_python_the_plan_says_where_to_get_one(logic) -> None:
    with pytest.raises(SSLSegmentationError, match="No Python") as caught:
        logic.plan("plain")
    assert "python.org" in caught.value.hint


def test_a_search_that_fails_can_be_repeated(logic, memory, monkeypatch) -> None:
    def failing(_chosen):
        yield from ()
        raise OSError("no")

    monkeypatch.setattr(module, "_find", failing)
    logic.find()
    memory.finish()
    assert logic.finding is None


def test_an_old_driver_and_no_driver_are_advised_on(logic) -> None:
    assert logic.advice() == ""
    logic.driver = Driver("GTX", (11, 4))
    assert "too old" in logic.advice()


def test_installing_puts_the_backend_into_use(logic, memory, told, tmp_path, monkeypatch) -> None:
    clean_pip(monkeypatch)
    plan = local_plan(sys.executable, folder=tmp_path / "neu", wheels=make_wheels(tmp_path / "wheels"))
    logic.install(plan, on_progress=told.progress.append, on_done=told.finished, on_error=told.errors.append)
    assert logic.installing is not None
    memory.finish()
    assert (told.done, told.errors, logic.installing) == (1, [], None)
    assert memory.values[BACKEND_FOLDER] == str(plan.folder)
    assert memory.values[BACKEND_PYTHON] == python_of(plan.folder / "backend-1")
    assert logic.line.startswith("torch 9.1.0 · CPU")
    assert any("pip install" in line for line in logic.log())
    assert "Successfully installed" in logic.report("Slicer 5.8")


def test_a_failed_installation_is_told_and_leaves_what_was_there(logic, memory, told) -> None:
    memory.values[BACKEND_PYTHON] = before = stand_in(logic.folder)
    plan = local_plan("/nowhere/python", folder=logic.folder, wheels=logic.folder)
    logic.install(replace(plan), on_progress=told.progress.append, on_done=told.finished, on_error=told.errors.append)
    memory.finish()
    assert [error.code for error in told.errors] == ["environment.missing_package"]
    assert (told.done, logic.installing, memory.values[BACKEND_PYTHON]) == (0, None, before)


def test_a_python_with_all_packages_is_used_as_it_is(logic, memory, told, tmp_path) -> None:
    own = stand_in(tmp_path / "elsewhere")
    logic.pythons = (FoundPython(own, (3, 12, 1), "x86_64"),)
    logic.use(on_error=told.errors.append)
    logic.use(on_error=told.errors.append)
    memory.finish()
    assert memory.values[BACKEND_PYTHON] == own
    assert logic.ready and told.errors == []
    logic.refresh()
    assert memory.operations == []


def test_a_python_without_torch_is_not_used(logic, memory, told) -> None:
    logic.use(on_error=told.errors.append)
    assert memory.operations == []
    logic.pythons = (FoundPython(sys.executable, sys.version_info[:3], "x86_64"),)
    logic.use(on_error=told.errors.append)
    memory.finish()
    assert "cannot be used as it is" in told.errors[0].message
    assert "Install" in told.errors[0].hint
    assert BACKEND_PYTHON not in memory.values


def test_the_computer_is_searched_for_pythons_and_a_card(logic, memory) -> None:
    logic.find()
    memory.finish()
    assert any(found.fit for found in logic.pythons)
