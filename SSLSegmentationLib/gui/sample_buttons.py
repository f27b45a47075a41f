"""What the buttons of the module Sample Data do: they start the work and return at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import hippocampus
from SSLSegmentationLib.gui.default_session import default_session
from SSLSegmentationLib.gui.operation import Operation, Progress, Steps
from SSLSegmentationLib.gui.sample_loading import Loaded, load_phantom
from SSLSegmentationLib.gui.samples import HIPPOCAMPUS, Sample
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import messages


def make_phantom(sample: Sample) -> "Operation[Loaded]":
    """A phantom with its true segmentation, in the scene."""
    return _carry_on(load_phantom(default_session(), sample))


def load_hippocampus(source: Any) -> None:
    """Slicer's own downloader fetches and checks the archive, into Slicer's own cache; one scan of it is loaded."""
    import SampleData

    try:
        archive = SampleData.SampleDataLogic().downloadFileIntoCache(source.uris[0], source.fileNames[0], source.checksums[0])
    except (OSError, ValueError) as error:
        messages.show_error(_no_download(str(error)))
        return
    if not archive or not Path(archive).is_file():
        messages.show_error(_no_download(_("the file did not arrive")))
        return
    _carry_on(_hippocampus(Path(archive)))


def _hippocampus(archive: Path) -> Steps[Loaded]:
    folder = yield from hippocampus.unpack(default_session(), archive)
    loaded = yield from hippocampus.load_first(folder)
    messages.say(_("The data set is in {folder}: choose its dataset.json in 'Scans'.").format(folder=folder))
    return loaded


def _no_download(reason: str) -> SSLSegmentationError:
    return SSLSegmentationError(
        "data.missing",
        _("{name} could not be downloaded: {reason}.").format(name=HIPPOCAMPUS.title, reason=reason),
        hint=_("Check the network connection, or download it in a browser: {url}").format(url=HIPPOCAMPUS.url),
    )


def _carry_on(steps: Steps[Loaded]) -> "Operation[Loaded]":
    return default_session().run(steps, on_progress=_tell, on_done=_show, on_error=messages.show_error)


def _tell(progress: Progress) -> None:
    messages.say(progress.text)


def _show(loaded: Loaded) -> None:
    display.show_volume(loaded.volume)
