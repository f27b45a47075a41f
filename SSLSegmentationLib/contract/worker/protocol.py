"""What client and worker agree on: the names of files, and the lines that are sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple

# In the worker's folder.
HELLO, LOG, OLD_LOG, LOCK, REQUESTS = "hello.json", "log.txt", "log.old.txt", "lock", "requests"
# In a request's folder.
EVENTS, OUTPUT, CANCEL = "events.jsonl", "output.txt", "cancel"

# Longer lines are no requests.
LONGEST_LINE = 1 << 20
# A request that was asked to stop and has not after so long is ended by force, by the worker itself; the client, which can
# end a worker that is stuck, waits a little longer.
PATIENCE_SECONDS = 1.0
CLIENT_PATIENCE_SECONDS = 1.3


@dataclass(frozen=True)
class Message:
    """One request: the words of a command line, and the folder for its events and output."""

    id: str
    folder: Path
    words: Tuple[str, ...]

    def as_line(self) -> bytes:
        facts = {"id": self.id, "folder": str(self.folder), "words": list(self.words)}
        # ASCII only, so that no file name that is not UTF-8 breaks the line.
        return json.dumps(facts).encode("ascii") + b"\n"


def read_message(line: bytes) -> Message:
    """The request of one line. Raises `ValueError` that says what is wrong with it."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} bytes")
    try:
        raw = json.loads(line.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(raw, dict):
        raise ValueError("it is no JSON object")
    identity, folder, words = raw.get("id"), raw.get("folder"), raw.get("words")
    if not isinstance(identity, str) or not isinstance(folder, str) or not folder or "\0" in folder:
        raise ValueError("'id' or 'folder' is missing or no text")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("'words' is no list of texts")
    return Message(identity, Path(folder), tuple(words))
