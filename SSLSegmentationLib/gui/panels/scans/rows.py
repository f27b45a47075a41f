"""One scan of the table of what was found: its facts, the labels in its label map, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.tissues import TissueTable, default_tissue
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset.usable import joined_tissues

# Lower than this are the values of air on CT (HU), which MRI does not have.
AIR_HU = -500.0
# As data sets name their channels: modalities, or contrasts of MRI.
_CHANNEL_NAMES = {
    "ct": re.compile("ct", re.IGNORECASE),
    "mri": re.compile("mri?|t1[a-z]*|t2[a-z]*|pd|flair|dwi|adc", re.IGNORECASE),
}


@dataclass(frozen=True)
class FoundLabel:
    """A value of a label map; `named` says that the file itself names it. `voxels` is None where they were not counted."""

    value: int
    name: str
    named: bool = False
    voxels: Optional[int] = None


@dataclass(frozen=True)
class FoundRow:
    """A scan and its label map.

    `size` in voxels and `spacing` in mm are along columns, rows and slices, None until the header is read. `labels` is None
    until they are known, `minimum` until its voxels are read. `problems` keep the scan from being used, `notes` do not.
    `node` is a volume of the scene; `modality` is "" where nothing tells it.
    """

    name: str
    modality: str = ""
    images: Tuple[Path, ...] = ()
    label: Optional[Path] = None
    volumes: int = 1
    node: str = ""
    labelled: bool = False
    size: Optional[Tuple[int, int, int]] = None
    spacing: Optional[Tuple[float, float, float]] = None
    labels: Optional[Tuple[FoundLabel, ...]] = None
    minimum: Optional[float] = None
    tissues: TissueTable = TissueTable(())
    problems: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Everything that was found. `tissues` are those that a data set's description names; `problems` concern no one scan."""

    rows: Tuple[FoundRow, ...]
    tissues: TissueTable = TissueTable(())
    problems: Tuple[str, ...] = ()

    @property
    def modality(self) -> str:
        """What those scans are that tell it; "" where none does, or where they differ."""
        told = {row.modality for row in self.rows if row.modality}
        return told.pop() if len(told) == 1 else ""


def told_modality(channels: Sequence[str]) -> str:
    """What a data set's names of its channels say: "ct", "mri", or ""."""
    for modality, names in _CHANNEL_NAMES.items():
        if channels and all(names.fullmatch(channel.strip()) for channel in channels):
            return modality
    return ""


def all_notes(row: FoundRow, modality: str) -> Tuple[str, ...]:
    """What a person should know of the row, where training takes it for a scan of `modality`."""
    doubt = ""
    if row.modality and row.modality != modality:
        doubt = _("{who} takes it for {found}: is the modality right?").format(
            who=_("Slicer") if row.node else _("Its data set"), found=row.modality.upper()
        )
    elif row.minimum is not None and modality == "mri" and row.minimum <= AIR_HU:
        doubt = _("Its values go down to {value:.0f}, as those of CT do: is the modality right?").format(value=row.minimum)
    elif row.minimum is not None and modality == "ct" and row.minimum >= 0:
        doubt = _("It has no negative value, but CT in HU has them (air is −1000): is the modality right?")
    return (*row.notes, doubt) if doubt else row.notes


def table_problems(row: FoundRow, tissues: TissueTable) -> Tuple[str, ...]:
    """What in the row's label map the tissue table lacks. An empty table lacks nothing: names come from the data then."""
    if row.labels is None or not len(tissues):
        return ()
    names = {tissue.name.casefold() for tissue in tissues}
    if row.labels and all(label.named and label.name.casefold() in names for label in row.labels):
        return ()
    unknown = [label for label in row.labels if tissues.find(label.value) is None]
    if not unknown:
        return ()
    listed = ", ".join(f"{label.value} ({label.name})" if label.named else str(label.value) for label in unknown[:5])
    return (_("Its label map holds values that the tissue table lacks: {values}.").format(values=listed),)


def all_problems(row: FoundRow, tissues: TissueTable) -> Tuple[str, ...]:
    return row.problems + table_problems(row, tissues)


def label_text(row: FoundRow, tissues: TissueTable) -> str:
    """The names of a row's labels; the table's where the file gives none."""
    if row.labels is None:
        return _("not read yet") if row.labelled and not row.problems else ""
    if not row.labels:
        return _("nothing but background") if row.labelled else ""
    names = []
    for label in row.labels:
        known = None if label.named else tissues.find(label.value)
        names.append(label.name if known is None else known.name)
    return ", ".join(names)


def with_found(tissues: TissueTable, found: Found) -> TissueTable:
    """The table with the tissues that were found and that it lacks. The same name is the same tissue.

    A value that stands in label maps without a name is a tissue of its own: no named segment of another scan takes it.
    """
    described = joined_tissues(TissueTable.of(tissues), [found.tissues])
    values = {label.value for row in found.rows for label in row.labels or () if not label.named}
    unnamed = TissueTable.of(default_tissue(value) for value in values if described.find(value) is None)
    table = joined_tissues(described, [unnamed, *_distinct(found.rows)])
    return TissueTable.of(table, given=bool(len(table)))


def _distinct(rows: Sequence[FoundRow]) -> List[TissueTable]:
    """The tables that rows bring along, each once: thousands of rows usually share one."""
    return list(dict.fromkeys(row.tissues for row in rows if len(row.tissues)))


def counts_text(rows: Sequence[FoundRow], tissues: TissueTable) -> str:
    """ "156 scans, 9 labelled, 1 problem"."""
    labelled = sum(row.labelled for row in rows)
    problems = sum(bool(all_problems(row, tissues)) for row in rows)
    scans = _("1 scan") if len(rows) == 1 else _("{count} scans").format(count=len(rows))
    what = [scans, _("{count} labelled").format(count=labelled)]
    if problems:
        what.append(_("1 problem") if problems == 1 else _("{count} problems").format(count=problems))
    return ", ".join(what)
