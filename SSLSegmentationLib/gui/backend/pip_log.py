"""What pip is doing, read from the log that it writes, since it tells nothing else to others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Optional, Tuple

from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.texts import _

_UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_COLLECTING = re.compile(r"^Collecting ([A-Za-z0-9._-]+)")
_FILE = re.compile(r"^\s*(Downloading|Using cached|Processing) (.+?)(?: \(([\d.]+) (bytes|kB|MB|GB)\))?\s*$")
_INSTALLING = re.compile(r"^Installing collected packages: (.+)$")
# Part of the time that downloading takes, where both are needed.
_DOWNLOAD_SHARE = 0.65
# Smaller downloads are named without their size.
_SHOWN_BYTES = 10**6


class PipLog:
    """Follows one pip command. `scratch`: where pip keeps what it is downloading; `expected_bytes` of all downloads, about."""

    def __init__(self, log: Path, *, scratch: Path, packages: Path, expected_bytes: int) -> None:
        self._log = log
        self._offset = log.stat().st_size if log.exists() else 0
        self._rest = b""
        self._scratch = scratch
        self._packages = packages
        self._expected = max(expected_bytes, 1)
        self._done_bytes = 0.0
        self._collecting = ""
        self._current: Optional[Tuple[str, float]] = None
        self._names: List[str] = []
        self._installed = 0

    def progress(self) -> Progress:
        """How far this command is, `share` from 0 to 1."""
        self._read()
        if self._names:
            return self._installing()
        if self._current is None:
            return Progress(_("Looking for {package} …").format(package=self._collecting or "pip"), self._share(0.0), waits=True)
        name, size = self._current
        package = name.split("-")[0]
        if not size:
            return Progress(_("Preparing {package} …").format(package=package), self._share(0.0), waits=True)
        here = min(self._partial(name), size)
        if size < _SHOWN_BYTES:
            return Progress(_("Downloading {package} …").format(package=package), self._share(here), waits=True)
        text = _("Downloading {package}: {done:.0f} of {size:.0f} MB").format(package=package, done=here / 1e6, size=size / 1e6)
        return Progress(text, self._share(here), waits=True)

    def _share(self, partial: float) -> float:
        return _DOWNLOAD_SHARE * min((self._done_bytes + partial) / self._expected, 1.0)

    def _read(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._offset)
            text = log.read()
        self._offset += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace").rstrip("\r"))

    def _line(self, line: str) -> None:
        collecting, file, installing = _COLLECTING.match(line), _FILE.match(line), _INSTALLING.match(line)
        if collecting or file or installing:
            self._done_bytes += self._current[1] if self._current else 0.0
            self._current = None
        if collecting:
            self._collecting = collecting.group(1)
        elif file and not file.group(2).endswith(".metadata"):
            size = float(file.group(3) or 0) * _UNITS[file.group(4) or "bytes"]
            self._current = (re.split(r"[\\/]", file.group(2))[-1], size)
        elif installing:
            self._names = [name.strip() for name in installing.group(1).split(",")]

    def _partial(self, name: str) -> float:
        """Bytes of a file that have come so far."""
        try:
            return float(sum(path.stat().st_size for path in self._scratch.glob(f"*/{name}")))
        except OSError:
            # pip has just moved it away.
            return 0.0

    def _installing(self) -> Progress:
        """pip installs in the order that it has told; each is complete once its description is there."""
        there = {_plain(path.name.partition("-")[0]) for path in self._packages.glob("*.dist-info")}
        missing = [name for name in self._names if _plain(name) not in there]
        # A package that replaces an older one is gone for a moment.
        self._installed = max(self._installed, len(self._names) - len(missing))
        done, total = self._installed, len(self._names)
        text = _("Installing {package} ({number} of {total})").format(
            package=missing[0] if missing else self._names[-1], number=min(done + 1, total), total=total
        )
        return Progress(text, _DOWNLOAD_SHARE + (1 - _DOWNLOAD_SHARE) * done / total, waits=True)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def tail(log: Path, count: int = 40) -> Tuple[str, ...]:
    """The last lines of a log; none where there is no log yet."""
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - 400 * count))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-count:])
