"""Fetches a public file in a process of its own: beside its place first, and there only once its checksum is right."""

from __future__ import annotations

import contextlib
from pathlib import Path

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.jobs.last_words import log_tail
from SSLSegmentationLib.contract.python_command import python_command
from SSLSegmentationLib.gui.backend.child import child
from SSLSegmentationLib.gui.local_python import local_python
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.samples import Archive
from SSLSegmentationLib.gui.texts import _

# Prints the size that the server tells (0 for none), and at the end the checksum of what came, or the reason.
_FETCH = """
import hashlib, http.client, sys, urllib.request
url, place, algorithm = sys.argv[1:]
request = urllib.request.Request(url, headers={"User-Agent": "SSLSegmentation"})
digest = hashlib.new(algorithm)
try:
    with urllib.request.urlopen(request, timeout=30) as answer, open(place, "wb") as file:
        print(answer.headers.get("Content-Length") or 0, flush=True)
        for block in iter(lambda: answer.read(1 << 16), b""):
            file.write(block)
            digest.update(block)
except (OSError, http.client.HTTPException) as error:
    sys.exit(str(getattr(error, "reason", None) or error))
print(digest.hexdigest())
"""


def download(archive: Archive, path: Path) -> Steps[Path]:
    """Puts the archive at `path`, whose folder is there already. Left early, nothing of it stays there.

    Raises `data.missing` where it does not come, or not as its publisher says it is.
    """
    algorithm, _colon, checksum = archive.checksum.partition(":")
    part, words = path.with_name(path.name + ".part"), path.with_name(path.name + ".txt")
    command = [*python_command(local_python()), "-c", _FETCH, archive.url, str(part), algorithm.lower()]
    try:
        with disk_errors(words), words.open("wb") as output, child(command, output=output) as process:
            while process.poll() is None:
                yield _progress(archive, part, words)
        said = log_tail(words)
        if process.returncode != 0:
            raise _no_download(archive, said[-1] if said else _("the connection ended"))
        if said[-1] != checksum:
            raise _no_download(archive, _("what came is not what was published, its checksum is another one"))
        part.replace(path)
    finally:
        for file in (part, words):
            # Windows keeps a file for a moment after its process has ended; the folder goes with the session.
            with contextlib.suppress(OSError):
                file.unlink()
    return path


def _progress(archive: Archive, part: Path, words: Path) -> Progress:
    size, done = 0, 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        size = int(log_tail(words)[0])
        done = part.stat().st_size
    if not size:
        return Progress(_("Connecting for {name} …").format(name=archive.title), waits=True)
    text = _("Downloading {name}: {done:.1f} of {size:.1f} MB").format(name=archive.title, done=done / 1e6, size=size / 1e6)
    return Progress(text, min(done / size, 1.0), waits=True)


def _no_download(archive: Archive, reason: str) -> SSLSegmentationError:
    return SSLSegmentationError(
        "data.missing",
        _("{name} could not be downloaded: {reason}.").format(name=archive.title, reason=reason.rstrip(".")),
        hint=_("Check the network connection, or download it in a browser: {url}").format(url=archive.url),
    )
