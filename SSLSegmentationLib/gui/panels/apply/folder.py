"""A folder of scans to a folder of segmentations: what lies there already, perhaps corrected by hand, is never replaced."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any, Dict, List

from SSLSegmentationLib.contract.errors import EXIT_DATA
from SSLSegmentationLib.contract.files import disk_errors, stem
from SSLSegmentationLib.contract.jobs.last_words import as_error
from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels.apply.logic import Keep, Segmented
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps

SUFFIX = ".seg.nrrd"


def folder_doubts(session: Session, folder: Path, output: Path, model: Model) -> Steps[List[str]]:
    """Why scans of the folder do not look like those that the model was trained on, a sentence each; empty where they do.

    One that can't be used is left to `segment_folder`, which says why.
    """
    words = ["predict", str(model.path), str(folder), "--output", str(output), "--check", "--json"]
    request = yield from request_steps(session.engine, words, _("Looking at the scans"), accept=(EXIT_DATA,))
    rows: List[Dict[str, Any]] = request.json()
    return [f"{row['stem']}: {warning}" for row in rows if "error" not in row for warning in row["warnings"]]


def segment_folder(session: Session, folder: Path, output: Path, model: Model, *, keep: Keep) -> Steps[None]:
    """Segments every scan of a folder into .seg.nrrd files in `output`, and tells `keep` of each; also of those that were
    done before it ended early. A file of a name that is there already gets a free one ("scan 2.seg.nrrd")."""
    worker = session.engine
    making = output / f".{uuid.uuid4().hex[:8]}"
    with disk_errors(output):
        making.mkdir(parents=True)
    rows: List[Dict[str, Any]] = []
    try:
        words = ["predict", str(model.path), str(folder), "--output", str(making), "--format", "seg.nrrd", "--json"]
        request = yield from request_steps(worker, words, _("Segmenting the folder"), accept=(EXIT_DATA,))
        rows = request.json()
    finally:
        warnings = {row["stem"]: tuple(row["warnings"]) for row in rows if "labels" in row}
        with disk_errors(output):
            for path in sorted(making.glob(f"[!.]*{SUFFIX}")):
                placed = path.replace(_free(output / path.name))
                keep(Segmented(stem(path), file=placed, warnings=warnings.get(stem(path), ())))
        shutil.rmtree(making, ignore_errors=True)
        session.run(_remove_late_files(worker, making), outlives_scene=True)
    for row in rows:
        if "error" in row:
            keep(Segmented(Path(row["inputs"][0]).name, error=as_error(row["error"])))


def _remove_late_files(worker: Worker, folder: Path) -> Steps[None]:
    """A command that was cancelled may still finish the file at hand, and makes its folder anew for that."""
    while worker.busy:
        yield Progress(_("Cancelling …"), waits=True)
    shutil.rmtree(folder, ignore_errors=True)


def _free(path: Path) -> Path:
    """The path, or the same with a number where a file has it."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{stem(path)} {number}{SUFFIX}")
    return found
