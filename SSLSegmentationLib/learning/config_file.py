"""A config file, YAML or JSON, read strictly. Needs no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Collection, Mapping, Sequence

from SSLSegmentationLib.contract.config import Config, apply_override, load_json, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.jobs.record import without_record
from SSLSegmentationLib.learning.yaml_text import load_yaml

if TYPE_CHECKING:
    from SSLSegmentationLib.contract.tasks import TaskDescription

_MOST_BYTES = 10_000_000


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SSLSegmentationError(
                "config.unreadable", f"{path} has more than {_MOST_BYTES // 1_000_000} MB, too much for a config."
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SSLSegmentationError("config.unreadable", f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SSLSegmentationError("config.unreadable", f"{path} cannot be read: {reason}.") from error


def read_config(
    path: PathLike,
    *,
    overrides: Sequence[str] = (),
    tasks: Mapping[str, TaskDescription] | None = None,
    networks: Collection[str] | None = None,
) -> Config:
    """The config in `path`, with `overrides` ("train.max_steps=5") over it; relative paths are taken from its folder.

    Paths in overrides are relative to that folder too. A job's config.json is read as the config of that job.
    Errors: `config.unreadable`, and those of `contract.config.parse`, which then name the file.
    """
    file = Path(path).expanduser()
    text = _read_text(file)
    is_json = file.suffix.lower() == ".json" or re.match(r"\s*\{\s*\"", text) is not None
    raw: Any = load_json(text, source=str(file)) if is_json else load_yaml(text, source=str(file))
    if raw is None:
        raise SSLSegmentationError("config.unreadable", f"{file} is empty.", hint="See 'sslseg presets default' for the keys.")
    if isinstance(raw, dict):
        raw = without_record(raw)
    try:
        for override in overrides:
            raw = apply_override(raw, override)
        return parse(raw, base=file.resolve().parent, tasks=tasks, networks=networks)
    except SSLSegmentationError as error:
        raise SSLSegmentationError(error.code, f"{file}: {error.message}", hint=error.hint) from error
