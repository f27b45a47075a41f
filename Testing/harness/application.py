"""`slicer.app` and what else a running Slicer gives: boots once per process, `new_stage` for each test."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

import qt
import slicer
from PyQt6 import QtCore, QtWidgets

from . import utilities
from .record import answers, record
from .scene import Stage, modules


class LayoutManager:
    """Notes the layouts that were asked for; no views are shown."""

    def __init__(self, stage: Stage) -> None:
        self._logic = stage.layout_logic
        self.layouts: list[int] = []

    def setLayout(self, layout: int) -> None:
        self.layouts.append(layout)
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    @property
    def layout(self) -> int:
        return int(self._logic.GetLayoutNode().GetViewArrangement())

    def layoutLogic(self) -> Any:
        return self._logic

    def sliceViewNames(self) -> tuple[str, ...]:
        return ()

    def resetSliceViews(self) -> None:
        """There are none."""

    def resetThreeDViews(self) -> None:
        """There are none."""

    @property
    def threeDViewCount(self) -> int:
        return 0


class qSlicerModuleManager(QtCore.QObject):
    """Says when a module is unloaded."""

    _stands_for_cpp = True
    moduleAboutToBeUnloaded = QtCore.pyqtSignal(str)


def _constant(value: Any) -> Any:
    return QtCore.pyqtProperty(type(value), lambda self: value)


class qSlicerApplication(QtWidgets.QApplication):
    """The application object."""

    _stands_for_cpp = True
    startupCompleted = QtCore.pyqtSignal()

    def __init__(self, home: Path) -> None:
        super().__init__(["slicer-harness"])
        self._home = home
        self._stage: Optional[Stage] = None
        self._layout_manager: Optional[LayoutManager] = None
        self._module_manager: Optional[qSlicerModuleManager] = None
        self._settings: Any = None
        self._environment = dict(os.environ)
        for folder in ("bin", "temp", "cache", "extensions"):
            (home / folder).mkdir(parents=True, exist_ok=True)

    majorVersion = _constant(5)
    minorVersion = _constant(6)
    revision = _constant("32448")
    repositoryRevision = _constant("32448")
    applicationVersion = _constant("5.6.2-2024-04-05")
    os = _constant("linux")
    arch = _constant("amd64")
    platform = _constant("linux-amd64")
    slicerHome = QtCore.pyqtProperty(str, lambda self: str(self._home))
    temporaryPath = QtCore.pyqtProperty(str, lambda self: str(self._home / "temp"))
    cachePath = QtCore.pyqtProperty(str, lambda self: str(self._home / "cache"))
    extensionsInstallPath = QtCore.pyqtProperty(str, lambda self: str(self._home / "extensions"))

    def testingEnabled(self) -> bool:
        return True

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def applicationLogic(self) -> Any:
        return self._stage.application_logic

    def layoutManager(self) -> LayoutManager:
        return self._layout_manager

    def moduleManager(self) -> qSlicerModuleManager:
        return self._module_manager

    def userSettings(self) -> QtCore.QSettings:
        return self._settings

    settings = revisionUserSettings = userSettings

    def startupEnvironment(self) -> QtCore.QProcessEnvironment:
        environment = QtCore.QProcessEnvironment()
        for key, value in self._environment.items():
            environment.insert(key, value)
        return environment

    def commandOptions(self) -> None:
        """Nothing was given on the command line."""

    def setRenderPaused(self, paused: bool) -> None:
        """There are no views to pause."""

    def _take(self, stage: Stage) -> None:
        self._stage = stage
        self._layout_manager = LayoutManager(stage)
        self._module_manager = qSlicerModuleManager()
        self._settings = qt.QSettings()


def boot() -> qSlicerApplication:
    """Makes the application, once per process."""
    running = getattr(slicer, "app", None)
    if running is not None:
        return running
    home = Path(tempfile.mkdtemp(prefix="slicer-home-"))
    application = qSlicerApplication(home)
    application.setOrganizationName("slicer.org")
    application.setApplicationName("Slicer")
    qt.QSettings.setDefaultFormat(qt.QSettings.IniFormat)
    _install_launcher(home / "bin" / "PythonSlicer")
    slicer.app = application
    utilities.install()
    sys.excepthook = lambda kind, error, trace: record.failed_outside(kind, error, trace)
    new_stage()
    return application


def _install_launcher(path: Path) -> None:
    """A PythonSlicer that is a launcher, as the real one: ending it leaves the Python that it started alive."""
    path.write_text(f'#!/bin/sh\n"{sys.executable}" "$@"\nexit $?\n')
    path.chmod(0o755)
    os.environ["PATH"] = f"{path.parent}{os.pathsep}{os.environ.get('PATH', '')}"


def new_stage() -> Stage:
    """A fresh scene with its logics, fresh settings, nothing recorded; becomes what `slicer` shows."""
    application: qSlicerApplication = slicer.app
    folder = Path(tempfile.mkdtemp(dir=application.temporaryPath))
    qt.QSettings.setPath(qt.QSettings.IniFormat, qt.QSettings.UserScope, str(folder))
    stage = Stage(cache_folder=folder)
    slicer.mrmlScene = stage.scene
    slicer.modules = modules(stage)
    application._take(stage)
    record.clear()
    answers.clear()
    return stage
