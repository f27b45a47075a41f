"""Labelled scans of the scene as rows of the table of what was found."""

from __future__ import annotations

from dataclasses import replace

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.panels.scans.rows import FoundLabel, FoundRow
from SSLSegmentationLib.gui.panels.scans.state import SceneScan
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.scene.label_layers import segment_tissues
from SSLSegmentationLib.gui.scene.nodes import name_of, node_by_id
from SSLSegmentationLib.gui.texts import _


def is_there(scan: SceneScan) -> bool:
    """Whether both nodes are in the scene now."""
    return node_by_id(scan.volume) is not None and node_by_id(scan.segmentation) is not None


def scene_row(scan: SceneScan) -> FoundRow:
    """A labelled pair of the scene. Whether segments overlap shows when it is saved."""
    volume, segmentation = node_by_id(scan.volume), node_by_id(scan.segmentation)
    if volume is None or segmentation is None:
        problem = _("Its volume or its segmentation is no longer in the scene: remove it from the list, or add it again.")
        return FoundRow(name_of(volume or segmentation) or _("(gone)"), labelled=True, node=scan.volume, problems=(problem,))
    facts = volumes.volume_facts(volume)
    row = FoundRow(facts.name, modality=facts.modality, labelled=True, node=scan.volume, spacing=facts.spacing)
    slices, lines, columns = facts.shape
    row = replace(row, size=(columns, lines, slices))
    try:
        volumes.scan_of(volume)
        tissues = segment_tissues(segmentation)
    except SSLSegmentationError as error:
        return replace(row, problems=(error.message,))
    labels = tuple(FoundLabel(tissue.value, tissue.name, named=True) for tissue in tissues)
    return replace(row, tissues=tissues, labels=labels)
