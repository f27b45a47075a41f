"""The story of the panels in the Slicer that runs: on phantoms, in folders of its own."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager

import slicer

from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.scene.parameters import MODULE_NAME
from SSLSegmentationLib.gui.selftest.person import Person
from SSLSegmentationLib.gui.selftest.story import Data, Story
from SSLSegmentationLib.gui.selftest.support import own_folder, require_backend
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms

_KIND, _COUNT = "ct_l3", 4


def pressing() -> None:
    """The panels, from a folder of scans to a table, with a correction and a restart in between. Needs a backend."""
    play(Person(), contextlib.nullcontext)


def play(person: Person, part: Callable[[str], ContextManager[Any]]) -> Story:
    """Plays the story with the panels of the running Slicer; each part inside `part(name)`."""
    require_backend()
    try:
        with own_folder() as folder:
            names = write_phantoms(_KIND, folder=folder / "scans", count=_COUNT, seed=0)
            images, labels = folder / "scans" / "images", folder / "scans" / "labels"
            data = Data(images / f"{names[-1]}.nii.gz", images, labels, "ct", minutes=0.1, continue_minutes=0.05)
            story = Story(data, person, open_module)
            for name, action in story.parts():
                with part(name):
                    action()
            story.module.cleanup()
    finally:
        # With the settings as they were.
        open_module()
    return story


def open_module() -> ModuleWidget:
    """The module on screen, read anew."""
    window = getattr(slicer.modules, MODULE_NAME.lower()).widgetRepresentation()
    if slicer.util.mainWindow() is None:
        window.show()
    else:
        slicer.util.selectModule(MODULE_NAME)
    slicer.util.reloadScriptedModule(MODULE_NAME)
    panels: ModuleWidget = getattr(slicer.modules, f"{MODULE_NAME}Widget").panels
    return panels
