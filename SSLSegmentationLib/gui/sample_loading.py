"""Phantoms to try the module with, made on the spot: a scan and the segmentation that is known to be true."""

from __future__ import annotations

import hashlib
import logging
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np

from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.samples import Sample
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A sample in the scene: the scan and the segmentation that is known to be true."""

    volume: Any
    truth: Any


def load_phantom(session: Session, sample: Sample) -> Steps[Loaded]:
    """Makes a phantom in the worker of Slicer's own Python and brings it into the scene, with its true segmentation."""
    folder = session.new_folder("sample")
    try:
        words = ["phantom", sample.kind, "--output", str(folder), "--count", "1", "--seed", str(sample.seed), "--json"]
        request = yield from request_steps(session.local, words, _("Making the phantom"))
        (name,) = request.json()["names"]
        scan = read_scan(folder / "images" / f"{name}.nii.gz")
        yield Progress(_("Loading the phantom"))
        labels = read_label_map(
            folder / "labels" / f"{name}.nii.gz", onto=scan.geometry, tissues=read_tissues(folder / "tissues.json")
        )
        yield Progress(_("Loading the phantom"))
        if content_digest(scan, labels) != sample.sha256:
            _LOG.warning("%s differs from the published one: another version of numpy or scipy rounds differently.", sample.title)
        volume = yield from volume_from_scan(scan, sample.title)
        truth = yield from create_segmentation(
            volume,
            name=_("{volume} truth").format(volume=volume.GetName()),
            label_map=labels.array,
            tissues=labels.tissues,
            tags={"Origin": "phantom"},
        )
        return Loaded(volume, truth)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def content_digest(scan: Scan, labels: LabelMap) -> str:
    """SHA-256 of the voxels of both, in a fixed byte order, and of their shape: the same wherever a phantom is made."""
    digest = hashlib.sha256()
    for array, code in ((scan.array, _code(scan.array)), (labels.array, "<u1")):
        digest.update(repr((array.shape, code)).encode("ascii"))
        digest.update(np.ascontiguousarray(array, dtype=code).tobytes())
    return digest.hexdigest()


def _code(array: "np.ndarray[Any, Any]") -> str:
    return str(array.dtype.newbyteorder("<").str)
