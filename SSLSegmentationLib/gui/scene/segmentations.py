"""A label map and its tissues as a segmentation node, ready for the Segment Editor."""

from __future__ import annotations

from typing import Any, Dict, Mapping

import numpy as np
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import hierarchy, images, transforms
from SSLSegmentationLib.gui.scene.label_layers import LabelLayer, export_label_map, label_layers
from SSLSegmentationLib.gui.scene.nodes import require_in_scene, scene_of, unique_name
from SSLSegmentationLib.gui.scene.segments import LABEL_VALUE_TAG, TAG_PREFIX, binary_labelmap, segment_id, set_tag
from SSLSegmentationLib.gui.scene.volumes import geometry_of, ijk_to_ras
from SSLSegmentationLib.gui.texts import _

__all__ = ["LabelLayer", "create_segmentation", "export_label_map", "label_layers", "volume_of"]
# Segments keep their tissue's value up to here; beyond, they are numbered from 1 and only their tag has it.
LARGEST_STORED_VALUE = 2**16 - 1


def create_segmentation(
    volume: Any, *, name: str, label_map: images.Array, tissues: TissueTable, tags: Mapping[str, str]
) -> Steps[Any]:
    """A new segmentation with one segment per tissue (empty where it is absent), in the volume's frame and beside it.

    `label_map` (slices, rows, columns) lies on the volume's grid. All segments share one image, cropped to the tissues.
    `tags` are kept with each segment as "SSLSegmentation.<key>". The scene is changed in the last step only.
    Raises `data.*`: no such volume, another shape, a value that the table lacks, a transform that is not linear.
    """
    _require_fitting(volume, label_map)
    matrix = ijk_to_ras(volume)
    yield from _require_not_negative(label_map)
    box = yield from images.box_of(label_map, text=_("Looking for the tissues"))
    stored = {tissue.value: number for number, tissue in enumerate(tissues, start=1)}
    if max(tissues.values, default=0) <= LARGEST_STORED_VALUE:
        stored = {value: value for value in tissues.values}
    image = yield from _image(label_map, box, stored)
    image.SetImageToWorldMatrix(transforms.to_vtk(matrix))
    segmentation = slicer.vtkSegmentation()
    segmentation.SetSourceRepresentationName(binary_labelmap())
    for tissue in tissues:
        segmentation.AddSegment(_segment(tissue, image, stored[tissue.value], tags), segment_id(tissue))
    _require_fitting(volume, label_map)
    return _enter_scene(segmentation, volume, name=name)


def _require_fitting(volume: Any, label_map: images.Array) -> None:
    shape = geometry_of(volume).shape
    transforms.require_linear(volume)
    if label_map.dtype.kind not in "bui":
        raise SSLSegmentationError("data.not_labels", _("A label map of whole numbers is needed."))
    if label_map.shape != shape:
        raise SSLSegmentationError(
            "data.grid_mismatch",
            _("The label map has the shape {given}, its volume {wanted}.").format(given=label_map.shape, wanted=shape),
        )


def _require_not_negative(label_map: images.Array) -> Steps[None]:
    if label_map.dtype.kind != "i":
        return
    for part in images.slabs(label_map.shape):
        yield Progress(_("Looking for the tissues"), 0.0)
        if label_map[part].min(initial=0) < 0:
            raise SSLSegmentationError("data.not_labels", _("The label map holds negative values; labels start at 0."))


def _image(label_map: images.Array, box: images.Box, stored: Mapping[int, int]) -> Steps[Any]:
    """The labels in `box`, as the values in `stored`, on an image that all segments share."""
    image = slicer.vtkOrientedImageData()
    extent = [bound for axis in reversed(box) for bound in (axis.start, axis.stop - 1)]
    image.SetExtent(*extent)
    highest = max(stored.values(), default=0)
    target = images.allocate(image, np.dtype(np.uint8 if highest < 2**8 else np.uint16))
    source = label_map[box]
    for part in images.slabs(source.shape):
        yield Progress(_("Making the segments"), 0.3 + 0.4 * part.start / source.shape[0])
        target[part] = _translated(source[part], stored)
    return image


def _translated(labels: images.Array, stored: Mapping[int, int]) -> images.Array:
    """`labels` by their stored values. Raises `data.unknown_label` for one that no tissue has."""
    highest = int(labels.max(initial=0))
    if labels.dtype.itemsize <= 2 or labels.dtype.kind == "b":
        found = np.flatnonzero(np.bincount(labels.reshape(-1).astype(np.uint16, copy=False), minlength=1))
    else:
        found = np.unique(labels)
    unknown = [int(value) for value in found if value != 0 and int(value) not in stored]
    if unknown:
        listed = ", ".join(str(value) for value in unknown[:10])
        raise SSLSegmentationError(
            "data.unknown_label", _("The label map holds values that the tissue table lacks: {values}.").format(values=listed)
        )
    if all(stored[int(value)] == value for value in found if value):
        return labels
    ordered = np.array(sorted(stored), dtype=np.int64)
    moved = np.array([0, *(stored[int(value)] for value in ordered)])
    # Label 0 sorts before all others and keeps its place.
    return moved[np.searchsorted(ordered, labels, side="right")] if highest else labels


def _segment(tissue: Tissue, image: Any, value: int, tags: Mapping[str, str]) -> Any:
    segment = slicer.vtkSegment()
    segment.SetName(tissue.name)
    segment.SetNameAutoGenerated(False)
    red, green, blue = tissue.color
    segment.SetColor(red / 255, green / 255, blue / 255)
    segment.SetColorAutoGenerated(False)
    if tissue.terminology:
        segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), tissue.terminology)
    own: Dict[str, str] = {TAG_PREFIX + key: text for key, text in tags.items()}
    for key, text in {**own, LABEL_VALUE_TAG: str(tissue.value)}.items():
        set_tag(segment, key, text)
    segment.SetLabelValue(value)
    segment.AddRepresentation(binary_labelmap(), image)
    return segment


def _enter_scene(segmentation: Any, volume: Any, *, name: str) -> Any:
    scene = scene_of(volume)
    require_in_scene(volume)
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(unique_name(name, scene))
    node.SetAndObserveSegmentation(segmentation)
    # Whoever hears of the new node asks at once which volume it was made on.
    node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), volume.GetID())
    scene.AddNode(node)
    # The volume's parent first: what follows takes the difference between both parents into account.
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    hierarchy.place_beside(node, volume)
    return node


def volume_of(node: Any) -> Any:
    """The volume that a segmentation was made on; None where it is not known or no longer there."""
    require_in_scene(node)
    return node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
