"""What the console verbs give: nodes and numbers that print as a person wants to read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import MeasureRow
from SSLSegmentationLib.gui.listing import aligned
from SSLSegmentationLib.gui.models import Model, mean_dice
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.apply.logic import Segmented
from SSLSegmentationLib.gui.panels.biomarkers.logic import Measured
from SSLSegmentationLib.gui.pretext_preview import Preview
from SSLSegmentationLib.gui.run_list import RunRow
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import Scan

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


@dataclass(frozen=True)
class Corruption:
    """A slice before and after a pretext task: `preview.original`, `.corrupted` and `.difference` are grey values."""

    name: str
    preview: Preview

    def show(self) -> Any:
        """A new volume with original, corrupted and difference side by side, in the slice views; gives its node."""
        shown = self.preview
        pictures = np.concatenate((shown.original, shown.corrupted, shown.difference), axis=1)[None]
        rows, columns = shown.spacing
        axial = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        grid = Geometry(shape=pictures.shape, spacing=(columns, rows, 1.0), origin=(0.0, 0.0, 0.0), direction=axial)
        node = Operation(volume_from_scan(Scan(pictures, grid), _("{name} preview").format(name=self.name))).wait()
        display.show_volume(node)
        return node

    def __repr__(self) -> str:
        shown = self.preview
        return _("slice {number} of {count} ({axis}): patches of {size} voxels, {share:.1%} of the area changed").format(
            number=shown.index + 1, count=shown.count, axis=shown.slice_axis, size=shown.patch_size, share=shown.displaced
        )


def model_line(model: Model) -> Tuple[str, ...]:
    """Name, Dice, modality, and what it does."""
    dice = mean_dice(model.card)
    kind = ", ".join(tissue.name for tissue in model.card.tissues) if model.segments else _("pretrained")
    return (model.path.name, "" if dice is None else f"Dice {dice:.2f}", model.card.modality.upper(), kind)


def run_line(row: RunRow) -> Tuple[str, ...]:
    """Name, command, state, and how far or how good it is."""
    if row.progress is not None:
        facts = row.progress.text
    else:
        facts = "" if row.dice is None else f"Dice {row.dice:.2f}"
    return (row.name, row.command, row.state, facts)


def _cell(value: Optional[float]) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"
