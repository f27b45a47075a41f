"""Whether a person changed a segmentation after the module made it: its content is compared with what was made."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, List, Tuple

import numpy as np

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import images, transforms
from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.segments import binary_labelmap
from SSLSegmentationLib.gui.texts import _

ATTRIBUTE = "SSLSegmentation.Fingerprint"
# Positions are compared in steps of this many mm: a file keeps fewer digits than memory.
POSITION_MM = 0.001


def edited_since(node: Any) -> Steps[bool]:
    """Whether voxels, names, colours, number or place of segments differ from what the module made.

    True as well for a segmentation that the module did not make: it is a person's. Holds also after saving and loading.
    """
    require_in_scene(node)
    kept = node.GetAttribute(ATTRIBUTE)
    if not kept:
        return True
    return (yield from fingerprint(node.GetSegmentation())) != str(kept)


def keep(node: Any, mark: str) -> None:
    """Remembers with the node what it was when it was made."""
    node.SetAttribute(ATTRIBUTE, mark)


def fingerprint(segmentation: Any) -> Steps[str]:
    """A short text that differs where the content of two segmentations does.

    The size of the images around the segments is of no account: files and the Segment Editor crop and pad it.
    """
    digest = hashlib.sha256()
    for index in range(segmentation.GetNumberOfSegments()):
        segment = segmentation.GetNthSegment(index)
        color = tuple(round(255 * channel) for channel in segment.GetColor())
        place = (segmentation.GetLayerIndex(segmentation.GetNthSegmentID(index), binary_labelmap()), segment.GetLabelValue())
        digest.update(repr((segmentation.GetNthSegmentID(index), segment.GetName(), color, place)).encode("utf-8"))
    for layer in range(segmentation.GetNumberOfLayers(binary_labelmap())):
        content = yield from _layer_content(segmentation.GetLayerDataObject(layer, binary_labelmap()))
        digest.update(repr(content).encode("ascii"))
    return digest.hexdigest()[:32]


def _layer_content(image: Any) -> Steps[Tuple[Any, ...]]:
    """Checksum of the labels in the smallest box that holds them, and the place of that box."""
    text = _("Comparing the segments")
    box = yield from images.box_of(lambda: images.voxels(image), text=text)
    shape = images.voxels(image)[box].shape
    highest, checksum = 0, 0
    for part in images.slabs(shape):
        yield Progress(text)
        highest = max(highest, int(images.voxels(image)[box][part].max(initial=0)))
    # The same labels may be stored in wider numbers after a file was read.
    narrow = np.dtype("u1" if highest < 2**8 else "<u4")
    for part in images.slabs(shape):
        yield Progress(text)
        labels = np.ascontiguousarray(images.voxels(image)[box][part], dtype=narrow)
        checksum = zlib.crc32(labels.data, checksum)
    return (shape, checksum, _corners(image, box)) if 0 not in shape else ()


def _corners(image: Any, box: images.Box) -> List[Tuple[int, ...]]:
    """Where the first voxel of the box and its three neighbours lie, in steps of `POSITION_MM`."""
    matrix = transforms.matrix_of_image(image)
    extent = image.GetExtent()
    first = np.array([extent[0] + box[2].start, extent[2] + box[1].start, extent[4] + box[0].start, 1.0])
    moved = np.vstack([first, *(first + np.append(step, 0.0) for step in np.eye(3))])
    return [tuple(int(round(value / POSITION_MM)) for value in (matrix @ point)[:3]) for point in moved]
