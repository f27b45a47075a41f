"""Fixtures: the module's widget with its session, and a model of phantoms that is trained once for all tests."""

from __future__ import annotations

import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import qt
import slicer

from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, Settings
from Testing.data import REPOSITORY
from Testing.gui.engine import backend_python, make_phantoms, train_model
from Testing.harness.watchdog import pump

__all__ = ["ct_phantoms", "module", "module_in_slicer", "open_module", "session", "small_model"]

FILE = REPOSITORY / "SSLSegmentation" / "SSLSegmentation.py"


@pytest.fixture
def session(scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose temporary folder is the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = Settings(slicer.app.userSettings())
    opened = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield opened
    opened.close()


@pytest.fixture
def open_module(scene: Any, host: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[[], ModuleWidget]]:
    """Opens the module as Slicer does; a second call opens it anew after `cleanup`, with the same settings."""
    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(tmp_path / "data"))
    opened: list[ModuleWidget] = []

    def opener() -> ModuleWidget:
        window = host(qt.QWidget())
        layout = qt.QVBoxLayout(window)
        made = ModuleWidget(layout)
        made.window = window  # type: ignore[attr-defined]  # kept with the widget, as Slicer keeps its own
        opened.append(made)
        assert pump(lambda: not made.opening.running, timeout=30)
        return made

    yield opener
    for made in opened:
        made.cleanup()


@pytest.fixture
def module(open_module: Callable[[], ModuleWidget]) -> ModuleWidget:
    """The open module, with the backend set up."""
    Settings(slicer.app.userSettings()).set(BACKEND_PYTHON, backend_python())
    return open_module()


@pytest.fixture
def module_in_slicer(scene: Any, host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Slicer knows the module, as one of its own: gives what makes its window when it is asked for the first time."""
    monkeypatch.syspath_prepend(str(FILE.parent))
    made: list[Any] = []

    def window() -> Any:
        if not made:
            made.append(host(slicer.qSlicerScriptedLoadableModuleWidget()))
            made[0].resize(400, 900)
            made[0].setPythonSource(str(FILE))
            made[0].setup()
        return made[0]

    slicer.modules.sslsegmentation = types.SimpleNamespace(path=str(FILE), widgetRepresentation=window)
    yield window
    if made:
        slicer.modules.SSLSegmentationWidget.cleanup()
    sys.modules.pop("SSLSegmentation", None)


@pytest.fixture(scope="session")
def ct_phantoms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of images and labels of four L3 phantoms."""
    return make_phantoms(tmp_path_factory.mktemp("phantoms"), count=4)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory, ct_phantoms: tuple[Path, Path]) -> Path:
    """A job folder with a model of the phantoms."""
    return train_model(tmp_path_factory.mktemp("model"), *ct_phantoms)
