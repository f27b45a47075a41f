"""The log of a run: the package's log lines, and the traceback of what ended it."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from typing import Optional

from SSLSegmentationLib.contract.files import PathLike, disk_errors

LOGGER_NAME = "SSLSegmentationLib"


class _QuietHandler(logging.FileHandler):
    """A file handler that never disturbs the run: a log line lost on a full disk is no reason to stop."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name is logging's
        return


class JobLog:
    """Appends the package's log lines to a file while it is open."""

    def __init__(self, path: PathLike) -> None:
        with disk_errors(path):
            self._handler: Optional[logging.Handler] = _QuietHandler(path, encoding="utf-8", errors="backslashreplace")
        formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        self._handler.setFormatter(formatter)
        self._logger = logging.getLogger(LOGGER_NAME)
        self._logger.addHandler(self._handler)
        if self._logger.getEffectiveLevel() > logging.INFO:
            self._logger.setLevel(logging.INFO)

    def write_traceback(self, error: BaseException) -> None:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        self._logger.error("the run ended with an error\n%s", "".join(lines).rstrip())

    def close(self) -> None:
        if self._handler is not None:
            self._logger.removeHandler(self._handler)
            # What a full disk did not take is lost, as in handleError.
            with contextlib.suppress(OSError):
                self._handler.close()
            self._handler = None
