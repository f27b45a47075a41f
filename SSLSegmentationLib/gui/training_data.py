"""The scans of the panel Scans as the data section of a run's config; those of the scene are saved first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.data_choice import DataChoice, as_config, labelled_config, missing
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.scans.logic import load_state
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.scene.nodes import node_by_id
from SSLSegmentationLib.gui.scene_cases import save_pair, with_segments
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases


def data_section(session: Session, folder: Path, *, command: str, scans: Optional[ScansState] = None) -> Steps[Dict[str, Any]]:
    """The data section for "pretrain" or "finetune"; what it refers to is written into `folder`, which stays with the run.

    `scans`: instead of what the panel Scans holds. Labelled pairs of the scene are saved as they are now.
    Raises `config.invalid_value` where something is still to be
    chosen, and what `save_pair` and `as_config` raise.
    """
    scans = load_state(session) if scans is None else scans
    reason = missing(scans, command=command)
    if reason:
        raise SSLSegmentationError("config.invalid_value", reason, hint=_("Open 'Scans'."))
    choice = DataChoice.of(scans)
    pairs = [(node_by_id(volume), node_by_id(segmentation)) for volume, segmentation in scans.pairs()]
    known = tissues = _known_tissues(choice) if pairs else choice.tissues
    # All segments first, so that every label map follows the same table.
    for _volume, segmentation in pairs:
        tissues = with_segments(tissues, segmentation)
    entries: List[Dict[str, Any]] = []
    for volume, segmentation in pairs:
        entry = yield from save_pair(session, volume, segmentation, tissues)
        entries.append(entry)
    # Where nothing names the tissues of label maps on disk, no table may forbid them.
    return as_config(replace(choice, added=tuple(entries), tissues=tissues if len(known) else known), folder)


def _known_tissues(choice: DataChoice) -> TissueTable:
    """The tissue table of the panel Scans, else the tissues that the labelled scans on disk name."""
    if len(choice.tissues):
        return choice.tissues
    source = labelled_config(choice)
    return find_cases(source).tissues if source is not None else TissueTable(())
