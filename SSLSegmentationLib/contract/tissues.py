"""Tissues: label value, name, colour and terminology, and the table that maps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Tuple

Color = Tuple[int, int, int]

# Largest value of a tissue that a model can segment; tables that only measure may hold larger ones.
LARGEST_MODEL_VALUE = 2**16 - 1

# Okabe-Ito: told apart also by colour-blind readers.
DEFAULT_COLORS: Tuple[Color, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167), (153, 153, 153),
)  # fmt: skip


@dataclass(frozen=True)
class Tissue:
    """One tissue: label `value` (> 0), `name`, `color` (0–255), `terminology` (Slicer's seven parts joined by "~", or "")."""

    value: int
    name: str
    color: Color
    terminology: str = ""

    def as_dict(self) -> Dict[str, Any]:
        return {"value": self.value, "name": self.name, "color": list(self.color), "terminology": self.terminology}


def default_tissue(value: int, name: str = "") -> Tissue:
    """A tissue known by its value only."""
    return Tissue(value=value, name=name or f"label_{value}", color=DEFAULT_COLORS[(value - 1) % len(DEFAULT_COLORS)])


@dataclass(frozen=True)
class TissueTable:
    """Tissues in the order of their label values. `given` says that a person or a model declared it, so it can be violated."""

    tissues: Tuple[Tissue, ...]
    given: bool = False

    @classmethod
    def of(cls, tissues: Iterable[Tissue], *, given: bool = False) -> "TissueTable":
        return cls(tuple(sorted(tissues, key=lambda tissue: tissue.value)), given)

    @classmethod
    def from_values(cls, values: Iterable[int]) -> "TissueTable":
        """`label_<value>` for every value but 0."""
        return cls.of(default_tissue(int(value)) for value in set(values) if int(value) != 0)

    @classmethod
    def from_names(cls, names: Mapping[int, str], *, given: bool = False) -> "TissueTable":
        return cls.of((default_tissue(value, name) for value, name in names.items() if value != 0), given=given)

    def __iter__(self) -> Iterator[Tissue]:
        return iter(self.tissues)

    def __len__(self) -> int:
        return len(self.tissues)

    @property
    def values(self) -> Tuple[int, ...]:
        return tuple(tissue.value for tissue in self.tissues)

    def find(self, value: int) -> Optional[Tissue]:
        return next((tissue for tissue in self.tissues if tissue.value == value), None)
