"""A model that stays loaded between the commands of one process. Importable without torch."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.model_files import ModelFiles, find_model
from SSLSegmentationLib.learning.threads import prepare_for_torch

if TYPE_CHECKING:
    from SSLSegmentationLib.learning.prediction.predictor import Predictor

Key = tuple[Any, ...]


class WarmPredictors:
    """Keeps the predictor that was asked for last, since memory may not hold two."""

    def __init__(self) -> None:
        self._key: Key | None = None
        self._predictor: Predictor | None = None

    def holds(self, model_path: PathLike, *, device: str, memory_bytes: int | None) -> bool:
        """Whether the predictor is loaded already, from files that have not changed since."""
        return self._predictor is not None and self._key == _key(model_path, device, memory_bytes)

    def get(self, model_path: PathLike, *, device: str, memory_bytes: int | None) -> Predictor:
        """The kept predictor, or a new one, which takes its place. Imports torch. Raises as `Predictor`."""
        key = _key(model_path, device, memory_bytes)
        if self._predictor is None or key != self._key:
            self.drop()
            prepare_for_torch()
            from SSLSegmentationLib.learning.prediction.predictor import Predictor

            self._predictor = Predictor(model_path, device=device, memory_bytes=memory_bytes)
            self._key = key
        return self._predictor

    def drop(self) -> None:
        """Gives its memory back."""
        if self._predictor is None:
            return
        self._predictor = self._key = None
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()


def _key(model_path: PathLike, device: str, memory_bytes: int | None) -> Key:
    """What the predictor depends on; files by place, size and time. Raises as `find_model`."""
    files = find_model(model_path)
    return files.path.resolve(), _stamps(files), device, memory_bytes


def _stamps(files: ModelFiles) -> tuple[tuple[str, int, int, int], ...]:
    paths = [files.path] if files.is_zip else [files.path / member for member in sorted(files.members.values())]
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[str, int, int, int]:
    facts = path.stat()
    # The file's number tells a replaced file even where size and time are the same.
    return path.name, facts.st_size, facts.st_mtime_ns, facts.st_ino
