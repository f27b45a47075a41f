"""What the console verbs give: nodes and numbers that print as a person wants to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import MeasureRow
from SSLSegmentationLib.gui.listing import aligned
from SSLSegmentationLib.gui.panels.apply.logic import Segmented
from SSLSegmentationLib.gui.panels.biomarkers.logic import Measured

# The measures that the text of a measurement shows; the table node has all.
SHOWN_MEASURES = ("voxels", "volume_ml", "mean", "csa_max_mm2")


class Segmentations(List[Any]):
    """Segmentation nodes, in the order of the volumes; `failed` says which volumes could not be segmented, and why."""

    def __init__(self, results: Iterable[Segmented]) -> None:
        done = list(results)
        super().__init__(result.segmentation for result in done if result.error is None)
        self.failed: Dict[str, SSLSegmentationError] = {result.name: result.error for result in done if result.error is not None}
        self.warnings: List[str] = [f"{result.name}: {warning}" for result in done for warning in result.warnings]

    def __repr__(self) -> str:
        lines = [f"{node.GetName()} ({node.GetSegmentation().GetNumberOfSegments()} segments)" for node in self]
        lines += [f"failed: {name}: {error}" for name, error in self.failed.items()]
        return "\n".join(lines + self.warnings)


@dataclass(frozen=True)
class Measurement:
    """The biomarkers of a segmentation: `measurement["muscle"]["volume_ml"]`. `table` is the table node, all measures in it.

    `agreement` and `agreement_table` compare with a reference segmentation where one was given.
    """

    measured: Measured
    table: Any
    agreement_table: Optional[Any] = None

    @property
    def rows(self) -> Tuple[MeasureRow, ...]:
        return self.measured.rows

    @property
    def agreement(self) -> Tuple[MeasureRow, ...]:
        return self.measured.agreement

    def __getitem__(self, tissue: str) -> Mapping[str, Optional[float]]:
        for row in self.rows:
            if row.tissue == tissue:
                return row.values
        raise KeyError(f"there is no tissue '{tissue}', but {', '.join(row.tissue for row in self.rows)}")

    def __repr__(self) -> str:
        head = ["tissue", *SHOWN_MEASURES, "state"]
        cells = [[row.tissue, *(_cell(row.values.get(name)) for name in SHOWN_MEASURES), row.state] for row in self.rows]
        return aligned([head, *cells])


def _cell(value: Optional[float]) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"
