"""The stand-in of the application gives what a running Slicer gives."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import qt
import slicer


def test_application_answers(application) -> None:
    assert slicer.app is application
    assert slicer.app.testingEnabled()
    assert (slicer.app.os, slicer.app.majorVersion, slicer.app.minorVersion) == ("linux", 5, 6)
    assert slicer.util.mainWindow() is None
    slicer.app.processEvents()


def test_a_volume_goes_through_the_real_scene(scene) -> None:
    volume = slicer.util.addVolumeFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    assert slicer.util.arrayFromVolume(volume).sum() == 276
    assert slicer.mrmlScene is scene


def test_each_test_has_a_scene_of_its_own(scene) -> None:
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_settings_are_fresh_and_give_strings(stage) -> None:
    settings = slicer.app.userSettings()
    assert not settings.contains("SSLSegmentation/x")
    settings.setValue("SSLSegmentation/x", False)
    assert settings.value("SSLSegmentation/x") == "false"
    assert slicer.util.settingsValue("SSLSegmentation/x", True, converter=slicer.util.toBool) is False
    assert qt.QSettings().contains("SSLSegmentation/x")


def test_python_slicer_is_found_and_runs(application) -> None:
    program = shutil.which("PythonSlicer")
    assert program is not None and program.startswith(slicer.app.slicerHome)
    assert subprocess.run([program, "-c", "print(7)"], capture_output=True, text=True, check=True).stdout == "7\n"
