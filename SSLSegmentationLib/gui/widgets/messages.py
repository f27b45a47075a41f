"""Messages and questions to the person at the screen."""

from __future__ import annotations

import logging
import traceback

import slicer

from SSLSegmentationLib.contract.failures import describe_error
from SSLSegmentationLib.gui.texts import _

TITLE = "SSLSegmentation"


def show_error(error: BaseException) -> None:
    """What went wrong and what to do about it; a cancelled operation is no error."""
    failure = describe_error(error)
    if failure.code == "job.cancelled":
        return
    details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    logging.getLogger(TITLE).error("%s\n%s", failure, details if failure.code == "defect.internal" else "")
    slicer.util.errorDisplay(f"{failure.message}\n\n{failure.hint}", windowTitle=TITLE, detailedText=details)


def confirm(text: str) -> bool:
    """Whether the person agrees."""
    return bool(slicer.util.confirmYesNoDisplay(text, windowTitle=TITLE))


def say(text: str) -> None:
    """A short line in the status bar."""
    slicer.util.showStatusMessage(text, 5000)


def busy_text() -> str:
    """Why no other training can be started."""
    return _("A training is running: stop it first.")


def cancelled_text() -> str:
    return _("Cancelled. Nothing was changed.")
