"""The panel Backend: pressed as a person presses it, with real installations of tiny packages."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import qt

from SSLSegmentationLib.contract.jobs.processes import process_tree
from SSLSegmentationLib.gui.backend.child import ending
from SSLSegmentationLib.gui.backend.installed import environments, python_of
from SSLSegmentationLib.gui.backend.pythons import FoundPython
from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.panels.backend.logic import BASE_PYTHON, PIP_OPTIONS
from SSLSegmentationLib.gui.panels.backend.view import BackendPanel
from SSLSegmentationLib.gui.settings import BACKEND_FOLDER, BACKEND_PYTHON
from Testing.gui.backend.conftest import wait_for_removals
from Testing.gui.backend.wheels import clean_pip, make_slow_package, make_wheels
from Testing.gui.training_stories import picture as picture_of
from Testing.harness.watchdog import LONGEST_BLOCK, pump

PICTURES = os.environ.get("SSLSEG_TEST_PICTURES", "")


@pytest.fixture
def wheels(tmp_path) -> Path:
    return make_wheels(tmp_path / "wheels")


@pytest.fixture
def panel(open_module, tmp_path, monkeypatch):
    """The panel on a computer without a backend, with room for tiny packages on its disk."""
    clean_pip(monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user data"))
    monkeypatch.setattr("SSLSegmentationLib.gui.backend.environment.sizes", lambda _build: (10**6, 3 * 10**6))
    module = open_module()
    made = module.panel("backend")
    made.module = module
    made.enter()
    yield made
    module.session.cancel_all()
    wait_for_removals()


def picture(panel: BackendPanel, name: str) -> None:
    if PICTURES:
        picture_of(panel.module, "backend", Path(PICTURES) / f"backend_{name}.png")


def unfold(panel: BackendPanel) -> None:
    panel.setup_button.click()
    assert pump(lambda: panel.logic.finding is None and panel.logic.pythons, timeout=60)


def ready_to_install(panel: BackendPanel, wheels: Path) -> None:
    """Unfolds and chooses this test's own Python and packages."""
    panel.session.settings.set(BASE_PYTHON, sys.executable)
    unfold(panel)
    panel.options.setText(f'--no-index --find-links "{wheels}"')
    panel.options.editingFinished.emit()
    assert panel.install_button.enabled, panel.needs.text


def test_at_first_it_says_that_there_is_no_backend(panel) -> None:
    assert "no backend yet" in panel.status.text
    assert not panel.check_button.enabled
    assert not panel.setup.isVisibleTo(panel.widget)
    assert panel.connections is not None
    picture(panel, "empty")


def test_size_and_space_are_shown_before_anything_is_written(panel, tmp_path, watchdog) -> None:
    unfold(panel)
    assert panel.setup.isVisibleTo(panel.widget)
    assert "to download" in panel.needs.text and "free" in panel.needs.text
    assert panel.folder.currentPath == str(tmp_path / "user data" / "SSLSegmentation" / "backend")
    assert panel.base.count >= 1 and panel.base.currentText.startswith("Python 3.1")
    assert panel.install_button.enabled
    assert not (tmp_path / "user data").exists()
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    picture(panel, "setup")


def test_every_control_says_what_it_does(panel) -> None:
    controls = (panel.base, panel.base_path, panel.folder, panel.build_choice, panel.options, panel.install_button)
    for control in (*controls, panel.use_button, panel.setup_button, panel.check_button, panel.report_button):
        assert len(control.toolTip) > 10


def test_pressing_install_makes_a_backend_and_takes_it_into_use(panel, wheels, watchdog, events) -> None:
    ready_to_install(panel, wheels)
    panel.install_button.click()
    assert not panel.install_button.enabled and not panel.base.enabled
    panel.log_box.collapsed = False
    assert pump(lambda: "Installing" in panel.progress.text.text or not panel.logic.installing, timeout=120)
    picture(panel, "installing")
    assert pump(lambda: panel.logic.installing is None and panel.logic.checking is None, timeout=120)
    assert panel.progress.text.text == "The backend is installed."
    assert panel.status.text.startswith("torch 9.1.0 · CPU")
    folder = panel.logic.folder
    assert panel.session.settings.get(BACKEND_PYTHON) == python_of(folder / "backend-1")
    assert panel.session.engine_python() == python_of(folder / "backend-1")
    assert panel.session.settings.get(BACKEND_FOLDER) == str(folder)
    assert "Successfully installed" in panel.log_text.toPlainText()
    assert not panel.setup.isVisibleTo(panel.widget)
    assert events.messages == []
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    picture(panel, "done")
    panel.check_button.click()
    assert panel.status.text == "Checking the backend …"
    assert pump(lambda: panel.logic.checking is None, timeout=60)


def test_a_python_that_was_installed_meanwhile_is_found_when_it_unfolds_again(panel, monkeypatch) -> None:
    there = []

    def find(_chosen):
        yield Progress("Looking for Python …")
        return tuple(there), None

    monkeypatch.setattr("SSLSegmentationLib.gui.panels.backend.logic._find", find)
    panel.setup_button.click()
    assert pump(lambda: panel.logic.finding is None)
    assert "python.org" in panel.needs.text
    panel.setup_button.click()
    there.append(FoundPython("/p/python3.13", (3, 13, 1), "x86_64"))
    panel.setup_button.click()
    assert pump(lambda: panel.logic.finding is None)
    assert "3.13.1" in panel.base.currentText and panel.install_button.enabled


def test_cancel_ends_the_installation_within_two_seconds_and_blocks_nothing(panel, wheels, tmp_path, events, watchdog) -> None:
    marker = tmp_path / "started"
    source = make_slow_package(tmp_path / "slow", marker)
    ready_to_install(panel, wheels)
    panel.options.setText(f'--no-index --find-links "{wheels}" "{source}"')
    panel.options.editingFinished.emit()
    panel.install_button.click()
    assert pump(lambda: marker.exists() and len(marker.read_text().split()) == 2, timeout=120)
    panel.progress.cancel_button.click()
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    assert pump(lambda: not ending(), timeout=2.0)
    assert not any(process_tree(int(word)) for word in marker.read_text().split())
    assert panel.progress.text.text == "Cancelled. Nothing was changed."
    assert panel.install_button.enabled
    assert events.messages == []
    wait_for_removals()
    assert environments(panel.logic.folder) == []


def test_a_failure_is_shown_with_its_remedy_and_the_log(panel, tmp_path, events) -> None:
    (tmp_path / "none").mkdir()
    ready_to_install(panel, tmp_path / "none")
    panel.install_button.click()
    assert pump(lambda: panel.logic.installing is None, timeout=120)
    assert "No package torch was found" in panel.progress.text.text
    assert "No package torch was found" in events.texts[0] and "Choose another Python" not in events.texts[0].split("\n")[0]
    assert not panel.log_box.collapsed
    assert "No matching distribution" in panel.log_text.toPlainText()
    picture(panel, "failed")
    assert panel.install_button.enabled, "it can be tried again"


def test_a_wrong_folder_or_option_greys_install_and_says_why(panel, tmp_path) -> None:
    unfold(panel)
    (tmp_path / "file").write_text("")
    panel.folder.setCurrentPath(str(tmp_path / "file" / "x"))
    assert "is a file" in panel.needs.text and not panel.install_button.enabled
    panel.folder.setCurrentPath(str(tmp_path / "good") + "/")
    assert panel.folder.currentPath.endswith("good/"), "a separator that was just typed stays"
    assert panel.install_button.enabled
    panel.options.setText("--find-links 'open")
    panel.options.editingFinished.emit()
    assert "quotation mark" in panel.needs.text and not panel.install_button.enabled
    assert panel.session.settings.get(PIP_OPTIONS) == "--find-links 'open"


def test_too_little_space_greys_install(panel, monkeypatch) -> None:
    unfold(panel)
    monkeypatch.setattr("SSLSegmentationLib.gui.backend.environment.sizes", lambda _build: (10**15, 10**15))
    panel.build_choice.setCurrentIndex(1)
    assert "too little" in panel.needs.text and not panel.install_button.enabled
    assert panel.state.build == "cpu"
    assert panel.session.store.load(panel.state_type, prefix="backend").build == "cpu"


def test_a_typed_python_is_asked_and_chosen(panel, tmp_path) -> None:
    unfold(panel)
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho 'library missing' >&2; exit 1\n")
    python.chmod(0o755)
    panel.base_path.setCurrentPath(str(tmp_path / "pyth"))
    assert panel.logic.finding is None, "half a path is not asked"
    panel.base_path.setCurrentPath(str(python))
    assert pump(lambda: panel.logic.finding is None, timeout=60)
    assert "library missing" in panel.base.currentText
    assert "library missing" in panel.needs.text and not panel.install_button.enabled


def test_choosing_another_python_in_the_list_is_kept(panel, tmp_path, monkeypatch) -> None:
    other = tmp_path / "python3"
    other.write_text(f"""#!/bin/sh\n'{sys.executable}' "$@" | sed 's/"prefix": "/&elsewhere/'\n""")
    other.chmod(0o755)
    monkeypatch.setattr("SSLSegmentationLib.gui.backend.pythons.usual_places", lambda **_: [sys.executable, str(other)])
    unfold(panel)
    assert panel.base.count > 1
    panel.base.setCurrentIndex(1)
    assert panel.session.settings.get(BASE_PYTHON) == panel.base.currentData
    assert panel.base.currentIndex == 1


def test_a_python_without_torch_is_not_used_as_it_is(panel, events) -> None:
    panel.session.settings.set(BASE_PYTHON, sys.executable)
    unfold(panel)
    panel.use_button.click()
    assert pump(lambda: panel.logic.checking is None, timeout=60)
    assert "cannot be used as it is" in events.texts[0]
    assert panel.logic.python == ""


def test_the_report_goes_into_the_clipboard_without_names(panel, events, tmp_path) -> None:
    panel.report_button.click()
    text = qt.QApplication.clipboard().text()
    assert "SSLSegmentation 0." in text and "Slicer 5.6.2" in text
    assert str(tmp_path) not in text
    assert events.status_messages
