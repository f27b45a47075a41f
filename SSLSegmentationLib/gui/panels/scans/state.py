"""What the panel Scans remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.state import node_list_field

# Where labelled scans come from; scans of the scene can be added to each.
NOWHERE, FOLDERS, DATASET = "nowhere", "folders", "dataset"
MRI, CT = "mri", "ct"


@dataclass
class ScansState:
    """Paths are "" where nothing is chosen.

    `labelled`: none, two folders (`images`, `labels`), or a `dataset` (dataset.json). `volumes` and `segmentations` are the
    labelled pairs of the scene, by position. `tissues` are rows of {value, name, color, terminology}; `own_tissues`: a person
    has changed them. `thorough`: every voxel of unlabelled scans is read as well.
    """

    unlabelled: str = ""
    labelled: str = NOWHERE
    images: str = ""
    labels: str = ""
    dataset: str = ""
    splits: str = ""
    modality: str = MRI
    thorough: bool = False
    volumes: List[str] = node_list_field()
    segmentations: List[str] = node_list_field()
    tissues: List[Dict[str, Any]] = field(default_factory=list)
    own_tissues: bool = False

    def __post_init__(self) -> None:
        try:
            self.tissue_table()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a row is no tissue: {error}") from error

    def pairs(self) -> List[Tuple[str, str]]:
        """Node ids (volume, segmentation) of the scene's labelled pairs; a pair that lost one of its nodes is left out."""
        return [pair for pair in zip(self.volumes, self.segmentations) if all(pair)]

    def add_pair(self, volume: str, segmentation: str) -> None:
        """Adds a labelled pair of the scene; a volume that is there already gets this segmentation."""
        pairs = [pair for pair in self.pairs() if pair[0] != volume]
        self.set_pairs([*pairs, (volume, segmentation)])

    def set_pairs(self, pairs: List[Tuple[str, str]]) -> None:
        self.volumes = [volume for volume, _segmentation in pairs]
        self.segmentations = [segmentation for _volume, segmentation in pairs]

    def tissue_table(self) -> TissueTable:
        """The tissues as a table that a label map can violate; it is empty where there are none."""
        rows = [
            Tissue(int(row["value"]), str(row["name"]), _color(row["color"]), str(row.get("terminology", "")))
            for row in self.tissues
        ]
        return TissueTable.of(rows, given=bool(rows))

    def set_tissues(self, tissues: TissueTable) -> None:
        self.tissues = [tissue.as_dict() for tissue in tissues]


def _color(channels: Any) -> Tuple[int, int, int]:
    red, green, blue = (int(channel) for channel in channels)
    return (red, green, blue)
