"""Labelled scans made from the scene: a volume and its segmentation, saved where trainings find them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors, write_text
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import hierarchy, images, volumes
from SSLSegmentationLib.gui.scene.label_layers import LabelLayer, label_layers, segment_tissues
from SSLSegmentationLib.gui.scene.nodes import shown_name
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset.usable import joined_tissues
from SSLSegmentationLib.imaging.readers.opening import open_scan
from SSLSegmentationLib.imaging.writers.segments import segment_fields

FOLDER = "labelled scans"
IMAGE, LABELS = "image.nrrd", "labels.seg.nrrd"
_SALT = ".salt"
_ID_LETTERS = 12


def labelled_folder(session: Session) -> Path:
    """Where labelled scans of the scene are kept."""
    return session.settings.data_folder / FOLDER


def with_segments(tissues: TissueTable, segmentation: Any) -> TissueTable:
    """The table with a row for each segment whose name it lacks; such a segment keeps its value where that is free.

    Raises `data.missing` or `data.empty` (no segments).
    """
    return joined_tissues(replace(tissues, given=False), [segment_tissues(segmentation)])


def save_pair(
    session: Session, volume: Any, segmentation: Any, tissues: TissueTable, folder: Optional[Path] = None
) -> Steps[Dict[str, Any]]:
    """Saves a volume and its segments as a labelled scan; gives its entry {id, subject, images, label, file}, where `file`
    is what the volume was loaded from, "" where it has no file.

    Segments get the values that `with_segments(tissues, segmentation)` gives their names. The id comes from the voxels: the
    same volume, saved again after a correction, keeps its id and files, and the label map is replaced in one step. No name
    of the scene or of a patient is written. Raises what `label_layers` and `export_volume` raise, `data.not_labels` where
    segments overlap, `data.empty` where none has a voxel, and `disk.*`.
    """
    root = labelled_folder(session) if folder is None else Path(folder)
    table = with_segments(tissues, segmentation)
    identity = yield from _identity(volume)
    layers = yield from label_layers(segmentation, volume)
    if len(layers) > 1:
        raise SSLSegmentationError(
            "data.not_labels",
            _("Segments of '{name}' overlap; training needs one tissue per voxel.").format(name=shown_name(segmentation)),
            hint=_("Subtract one from the other in the Segment Editor (Logical operators)."),
        )
    geometry = volumes.geometry_of(volume)
    labels = yield from _with_values(layers[0], table, name=shown_name(segmentation))
    target = root / identity
    making = root / f".{uuid.uuid4().hex[:8]}"
    with disk_errors(root):
        making.mkdir(parents=True)
    try:
        if not _is_complete(target / IMAGE):
            yield from volumes.export_volume(volume, making / IMAGE)
        fields = segment_fields(table, geometry)
        yield from write_raw_nrrd(making / LABELS, geometry, lambda: labels, text=_("Saving the segments"), fields=fields)
        _put_in_place(making, target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return {
        "id": identity,
        "subject": _subject(volume, root) or identity,
        "images": [str(target / IMAGE)],
        "label": str(target / LABELS),
        "file": _loaded_from(volume),
    }


def _loaded_from(volume: Any) -> str:
    storage = volume.GetStorageNode()
    name = storage.GetFullNameFromFileName() if storage is not None else ""
    return str(Path(name).absolute()) if name and Path(name).is_file() else ""


def _identity(volume: Any) -> Steps[str]:
    """An id that is the same for the same voxels on the same grid."""
    scan = volumes.scan_of(volume)
    digest = hashlib.sha256(repr((scan.geometry.shape, scan.array.dtype.str)).encode("ascii"))
    digest.update(np.ascontiguousarray(scan.geometry.matrix, dtype="<f8").tobytes())
    for part in images.slabs(scan.geometry.shape):
        yield Progress(_("Looking at the volume"), part.start / scan.geometry.shape[0])
        # Asked for anew: the volume may be gone by now.
        digest.update(np.ascontiguousarray(volumes.scan_of(volume).array[part]).tobytes())
    return f"scan-{digest.hexdigest()[:_ID_LETTERS]}"


def _with_values(layer: LabelLayer, table: TissueTable, *, name: str) -> Steps[images.Array]:
    """The layer's array with the values of the table."""
    values = {tissue.name.casefold(): tissue.value for tissue in table}
    moved = np.zeros(max(layer.tissues.values) + 1, np.uint8 if max(table.values) < 2**8 else np.uint32)
    for tissue in layer.tissues:
        moved[tissue.value] = values[tissue.name.casefold()]
    labels: images.Array = np.empty(layer.array.shape, moved.dtype)
    any_voxel = False
    for part in images.slabs(labels.shape):
        yield Progress(_("Reading the segments"), part.start / labels.shape[0])
        labels[part] = moved[layer.array[part]]
        any_voxel = any_voxel or bool(labels[part].any())
    if not any_voxel:
        raise SSLSegmentationError(
            "data.empty",
            _("No segment of '{name}' has a voxel in the volume.").format(name=name),
            hint=_("Draw the tissues in the Segment Editor first, or choose the volume that belongs to the segmentation."),
        )
    return labels


def _is_complete(image: Path) -> bool:
    """Whether an earlier saving left the whole image; its folder's name says that the content is the same."""
    try:
        # An uncompressed file that is cut is refused by its length.
        open_scan(image)
    except SSLSegmentationError:
        return False
    return True


def _put_in_place(making: Path, target: Path) -> None:
    with disk_errors(target):
        if not target.exists():
            making.rename(target)
            return
        for file in (IMAGE, LABELS):
            with contextlib.suppress(FileNotFoundError):
                (making / file).replace(target / file)


def _subject(volume: Any, root: Path) -> str:
    """A code for the patient that DICOM names, so that all scans of one are on one side of a validation; "" without one.

    It cannot be turned back into the name: it depends on a random number that stays on this computer.
    """
    patient = hierarchy.attribute(volume, "DICOM.PatientID") or hierarchy.attribute(volume, "DICOM.PatientName")
    if not patient:
        return ""
    salt = root / _SALT
    if not salt.is_file():
        write_text(salt, secrets.token_hex(32))
    code = hmac.new(salt.read_bytes(), patient.encode("utf-8"), hashlib.sha256).hexdigest()
    return f"subject-{code[:_ID_LETTERS]}"
