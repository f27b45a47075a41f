"""Settings in a JSON file, for scripts that run where there are no settings of the application."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict

from SSLSegmentationLib.contract.files import write_text

VARIABLE = "SSLSEG_SETTINGS"


def settings_path() -> Path:
    """$SSLSEG_SETTINGS, else settings.json in the folder SSLSegmentation of the home folder."""
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser() if given else Path.home() / "SSLSegmentation" / "settings.json"


class SettingsFile:
    """Keeps values as QSettings does: `value(key)` and `setValue(key, value)`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def value(self, key: str) -> Any:
        """The value of `key`; None where there is none or the file can't be read."""
        return self._read().get(key)

    def setValue(self, key: str, value: Any) -> None:  # noqa: N802  # as QSettings names it
        """Keeps a JSON-able value; other keys of the file stay. Raises `disk.*`."""
        text = json.dumps({**self._read(), key: value}, indent=2, ensure_ascii=False, sort_keys=True)
        write_text(self.path, text + "\n")

    def _read(self) -> Dict[str, Any]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # None yet, or damaged by hand: its defaults count, and the next value replaces it.
            return {}
        return kept if isinstance(kept, dict) else {}
