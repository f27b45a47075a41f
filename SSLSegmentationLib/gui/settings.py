"""What stays between two starts of Slicer: paths and choices, in the application's settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PREFIX = "SSLSegmentation/"
# The keys in use.
BACKEND_FOLDER = "backendFolder"
BACKEND_PYTHON = "backendPython"
DATA_FOLDER = "dataFolder"
LAST_MODEL = "lastModel"
# The folder of the run whose end the panel Fine-tune has not shown yet, also after Slicer was closed; "" for none.
LAST_FINETUNE_RUN = "lastFinetuneRun"


class Settings:
    """The module's part of `store`, a QSettings: values are kept as JSON, since QSettings forgets their types."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`; `default` where there is none or where it can't be read."""
        text = self._store.value(PREFIX + key)
        if not isinstance(text, str):
            return default
        try:
            return json.loads(text)
        except ValueError:
            return default

    def set(self, key: str, value: Any) -> None:
        """Keeps a JSON-able value."""
        self._store.setValue(PREFIX + key, json.dumps(value))

    @property
    def data_folder(self) -> Path:
        """Where runs and models lie: the folder that the person chose, else SSLSegmentation in the home folder."""
        return Path(str(self.get(DATA_FOLDER) or Path.home() / "SSLSegmentation"))

    @property
    def runs_folder(self) -> Path:
        return self.data_folder / "runs"
