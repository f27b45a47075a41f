"""The scans of the panel Scans as the data section of a run's config; those of the scene are saved first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.continuation import kept_validation
from SSLSegmentationLib.gui.data_choice import FINETUNE, DataChoice, as_config, labelled_config, missing
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels.scans.logic import change_state, load_state
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.scene.nodes import node_by_id
from SSLSegmentationLib.gui.scene_cases import save_pair, with_segments
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases


def data_section(session: Session, folder: Path, *, command: str, scans: Optional[ScansState] = None) -> Steps[Dict[str, Any]]:
    """The data section for "pretrain" or "finetune"; what it refers to is written into `folder`, which stays with the run.

    `scans`: instead of what the panel Scans holds. Labelled scans of the scene are saved as they are now. Raises
    `config.invalid_value` where something is still to be chosen, and what `save_pair` and `as_config` raise.
    """
    scans = load_state(session) if scans is None else scans
    choice = yield from _saved_choice(session, scans, command=command)
    return as_config(choice, folder)


def continued_section(session: Session, folder: Path, *, scans: ScansState, model: Path) -> Steps[Dict[str, Any]]:
    """As `data_section` for a fine-tuning that goes on from `model`, with the last of the labelled scans corrected.

    That one is trained on; who validates stays as it was (`kept_validation`). `scans` then holds the entries of what was saved.
    """
    choice = yield from _saved_choice(session, scans, command=FINETUNE)
    validation = kept_validation(choice, model)
    yield Progress(_("Choosing the scans that validate"))
    return as_config(replace(choice, validation=validation), folder)


def _saved_choice(session: Session, scans: ScansState, *, command: str) -> Steps[DataChoice]:
    """The choice with all labelled scans of the scene saved, whose entries are noted in `scans`, and in the panel Scans."""
    reason = missing(scans, command=command)
    if reason:
        raise SSLSegmentationError("config.invalid_value", reason, hint=_("Open 'Scans'."))
    choice = DataChoice.of(scans)
    pairs = [(volume, segmentation, node_by_id(segmentation)) for volume, segmentation in scans.pairs()]
    known = tissues = _known_tissues(choice) if pairs else choice.tissues
    # All segments first, so that every label map follows the same table.
    for _volume, _identifier, segmentation in pairs:
        tissues = with_segments(tissues, segmentation)
    for volume, identifier, segmentation in pairs:
        entry = yield from save_pair(session, node_by_id(volume), segmentation, tissues)
        scans.keep(volume, identifier, entry)
    _remember(session, scans)
    # Where nothing names the tissues of label maps on disk, no table may forbid them.
    return replace(DataChoice.of(scans), tissues=tissues if len(known) else known)


def _remember(session: Session, scans: ScansState) -> None:
    """The panel Scans keeps what was saved of the pairs that it has, since a closed scene forgets their nodes."""
    state = load_state(session)
    before = list(state.saved)
    for scan in scans.scene_scans():
        if scan.in_scene:
            state.keep(scan.volume, scan.segmentation, scan.saved)
    if state.saved != before:
        change_state(session, state)


def _known_tissues(choice: DataChoice) -> TissueTable:
    """The tissue table of the panel Scans, else the tissues that the labelled scans on disk name."""
    if len(choice.tissues):
        return choice.tissues
    source = labelled_config(choice)
    return find_cases(source).tissues if source is not None else TissueTable(())
