"""What the panel Scans remembers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.state import node_list_field, path_field

# Where labelled scans come from; scans of the scene can be added to each.
NOWHERE, FOLDERS, DATASET = "nowhere", "folders", "dataset"
MRI, CT = "mri", "ct"


@dataclass(frozen=True)
class SceneScan:
    """A labelled scan from the scene: the ids of its nodes, "" for one that is gone, and its entry {id, subject, images,
    label, file} once a training has saved it, else {}. `file` is where the volume was loaded from, "" for nowhere."""

    volume: str = ""
    segmentation: str = ""
    saved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_scene(self) -> bool:
        """Whether its nodes are there: then it is learned from as they are."""
        return bool(self.volume and self.segmentation)

    @property
    def lost(self) -> bool:
        """Whether there is nothing to learn from: a node is gone, and it was never saved."""
        return not self.in_scene and not self.saved


@dataclass
class ScansState:
    """Paths are "" where nothing is chosen.

    `labelled`: none, two folders (`images`, `labels`), or a `dataset` (dataset.json). `volumes`, `segmentations` and `saved`
    are the labelled scans from the scene, by position. `tissues` are rows of {value, name, color, terminology};
    `own_tissues`: a person has changed them. `thorough`: every voxel of unlabelled scans is read as well.
    """

    unlabelled: str = path_field()
    labelled: str = NOWHERE
    images: str = path_field()
    labels: str = path_field()
    dataset: str = path_field()
    splits: str = path_field()
    modality: str = MRI
    thorough: bool = False
    volumes: List[str] = node_list_field()
    segmentations: List[str] = node_list_field()
    saved: List[Dict[str, Any]] = field(default_factory=list)
    tissues: List[Dict[str, Any]] = field(default_factory=list)
    own_tissues: bool = False

    def __post_init__(self) -> None:
        try:
            self.tissue_table()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a row is no tissue: {error}") from error
        if not all(_is_entry(entry) for entry in self.saved):
            raise ValueError("an entry is no saved scan")

    def scene_scans(self) -> List[SceneScan]:
        """The labelled scans from the scene, also those whose nodes are gone."""
        rows = zip_longest(self.volumes, self.segmentations, self.saved)
        return [SceneScan(volume or "", segmentation or "", saved or {}) for volume, segmentation, saved in rows]

    def set_scene_scans(self, scans: Sequence[SceneScan]) -> None:
        self.volumes = [scan.volume for scan in scans]
        self.segmentations = [scan.segmentation for scan in scans]
        self.saved = [dict(scan.saved) for scan in scans]

    def pairs(self) -> List[Tuple[str, str]]:
        """Node ids (volume, segmentation) of the labelled scans whose nodes are in the scene."""
        return [(scan.volume, scan.segmentation) for scan in self.scene_scans() if scan.in_scene]

    def add(self, new: SceneScan) -> None:
        """Adds a labelled scan as the last one; a volume that is there already, by node or by voxels, is there once."""
        others = [scan for scan in self.scene_scans() if scan.volume != new.volume and not _same_scan(scan.saved, new.saved)]
        self.set_scene_scans([*others, new])

    def keep(self, volume: str, segmentation: str, saved: Mapping[str, Any]) -> None:
        """Notes the entry of a pair that was saved, where the pair is (still) one of the labelled scans."""
        if (volume, segmentation) not in self.pairs():
            return
        scans = [
            replace(scan, saved=saved) if (scan.volume, scan.segmentation) == (volume, segmentation) else scan
            for scan in self.scene_scans()
            if scan.in_scene or not _same_scan(scan.saved, saved)
        ]
        self.set_scene_scans(scans)

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


def _same_scan(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return bool(first and second) and first["id"] == second["id"]


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not entry:
        return entry == {}
    images = entry.get("images")
    texts = [entry.get(name) for name in ("id", "subject", "label", "file")]
    return isinstance(images, list) and all(isinstance(text, str) for text in [*texts, *images])
