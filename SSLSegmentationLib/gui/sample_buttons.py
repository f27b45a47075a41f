"""What the buttons of the module Sample Data do: they start the work and return at once."""

from __future__ import annotations

from pathlib import Path

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import hippocampus
from SSLSegmentationLib.gui.default_session import default_session
from SSLSegmentationLib.gui.operation import Operation, Progress, Steps
from SSLSegmentationLib.gui.sample_loading import Loaded, load_phantom
from SSLSegmentationLib.gui.samples import HIPPOCAMPUS, Sample
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import messages
from SSLSegmentationLib.gui.widgets.progress_window import ProgressWindow


def make_phantom(sample: Sample) -> "Operation[Loaded]":
    """A phantom with its true segmentation, in the scene."""
    steps = load_phantom(default_session(), sample)
    return default_session().run(steps, on_progress=_tell, on_done=_show, on_error=messages.show_error)


def load_hippocampus(checksums: Path) -> "Operation[Loaded]":
    """One scan of the public data set, which is downloaded where it is not there yet; a window shows how far that is.

    `checksums` lists the SHA-256 of its files.
    """
    window = ProgressWindow(HIPPOCAMPUS.title)

    def done(loaded: Loaded) -> None:
        window.close()
        _show(loaded)

    def failed(error: SSLSegmentationError) -> None:
        window.close()
        messages.show_error(error)

    operation = default_session().run(_hippocampus(checksums), on_progress=window.progress.show, on_done=done, on_error=failed)
    window.follow(operation)
    return operation


def _hippocampus(checksums: Path) -> Steps[Loaded]:
    folder = yield from hippocampus.data_set(default_session(), checksums)
    loaded = yield from hippocampus.load_first(folder)
    messages.say(_("The data set is in {folder}: choose its dataset.json in 'Scans'.").format(folder=folder))
    return loaded


def _tell(progress: Progress) -> None:
    messages.say(progress.text)


def _show(loaded: Loaded) -> None:
    display.show_volume(loaded.volume)
