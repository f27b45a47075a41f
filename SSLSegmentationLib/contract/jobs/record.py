"""What config.json of a job holds: the config, the command, and what was decided for this run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping

from SSLSegmentationLib import __version__
from SSLSegmentationLib.contract.config import Config, as_dict, load_json, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike

_EXTRA_KEYS = ("command", "decided", "version")


def without_record(raw: Mapping[str, Any]) -> Dict[str, Any]:
    """The config alone, where `raw` is what config.json of a job holds; else `raw` unchanged."""
    if "command" in raw and "decided" in raw:
        return {key: value for key, value in raw.items() if key not in _EXTRA_KEYS}
    return dict(raw)


@dataclass(frozen=True)
class JobRecord:
    """A job's command, its config and what was decided when it began (precision, threads, device, …)."""

    command: str
    config: Config
    decided: Mapping[str, Any] = field(default_factory=dict)
    version: str = __version__

    def to_json(self) -> str:
        raw = {"command": self.command, "version": self.version, "decided": dict(self.decided), **as_dict(self.config)}
        return json.dumps(raw, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: PathLike) -> "JobRecord":
        """Errors: `config.unreadable` and those of `parse`."""
        raw = load_json(text, source=str(source))
        if not isinstance(raw, dict) or not isinstance(raw.get("decided"), dict) or not isinstance(raw.get("command"), str):
            raise SSLSegmentationError(
                "config.unreadable", f"{source} is not the config of a job.", hint="Start the job in a new folder."
            )
        return cls(
            command=raw["command"], config=parse(without_record(raw)), decided=raw["decided"], version=str(raw.get("version", ""))
        )
