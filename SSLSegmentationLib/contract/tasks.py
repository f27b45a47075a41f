"""What a panel, the command line and the config need to know of a pretext task, without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Mapping, Tuple

if TYPE_CHECKING:
    from SSLSegmentationLib.contract.config.fields import FieldInfo


@dataclass(frozen=True)
class TaskDescription:
    """One pretext task.

    `settings`: the task's own settings as (name, default, `FieldInfo`).
    `unused`: common settings of the `pretext` section that the task does not use, each with the reason.
    """

    name: str
    title: str
    summary: str
    dims: Tuple[int, ...] = (2, 3)
    settings: Tuple[Tuple[str, Any, FieldInfo], ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """Ready for JSON; each setting with all fields of its `FieldInfo`, so that controls can be made from it."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "dims": list(self.dims),
            "settings": [
                {"name": name, "default": default, "range": info.range_text(), **asdict(info)}
                for name, default, info in self.settings
            ],
            "unused": dict(self.unused),
        }
