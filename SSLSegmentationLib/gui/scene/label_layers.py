"""The segments of a segmentation as label maps on the grid of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

import numpy as np
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import LARGEST_VALUE
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import images, resampling, transforms
from SSLSegmentationLib.gui.scene.nodes import require_in_scene, shown_name
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.gui.scene.segments import LABEL_VALUE_TAG, binary_labelmap, tag_of
from SSLSegmentationLib.gui.scene.volumes import geometry_of, ijk_to_ras
from SSLSegmentationLib.gui.texts import _


@dataclass(frozen=True)
class LabelLayer:
    """Segments that share no voxel: `array` (slices, rows, columns) of unsigned integers on a volume's grid.

    `tissues` has the segments in the order of their values, `segment_ids` their ids in the same order; both also hold
    segments without voxels. Names are distinct.
    """

    array: images.Array
    tissues: TissueTable
    segment_ids: Tuple[str, ...]

    def relabelled(self, values: Mapping[int, int]) -> Steps[images.Array]:
        """The labels as the values that `values` gives them; 0 for those that are not in it."""
        labels: images.Array = np.zeros(self.array.shape, _dtype_for(values.values()))
        for part in images.slabs(labels.shape):
            yield Progress(_("Reading the segments"), part.start / labels.shape[0])
            if values:
                labels[part] = resampling.translated(self.array[part], values)
        return labels


def label_layers(segmentation: Any, volume: Any, *, segment_ids: Optional[Sequence[str]] = None) -> Steps[Tuple[LabelLayer, ...]]:
    """The segments (all, or those named) on the volume's grid; segments that overlap go to different layers.

    Exact where the segments lie on the volume's voxels; elsewhere Slicer's own nearest-neighbour resampling. Transforms
    above both are taken into account. Raises `data.missing`, `data.empty`, `data.unsupported`, and as `geometry_of` does.
    """
    shape = geometry_of(volume).shape
    require_in_scene(segmentation)
    content = _with_segments(segmentation)
    chosen = _chosen(segmentation, segment_ids)
    tissues = _tissues(content, chosen)
    grid, moved = ijk_to_ras(volume), transforms.matrix_between(segmentation, volume)
    arrays: List[images.Array] = []
    members: List[List[str]] = []
    for image, held in (yield from _label_images(segmentation, chosen)):
        values = {label: tissues[one].value for one, label in held.items()}
        target = np.zeros(shape, _dtype_for(one.value for one in tissues.values()))
        for progress in resampling.fill(target, image, grid=grid, moved=moved, values=values):
            yield progress
            require_in_scene(segmentation)
            require_in_scene(volume)
        place = yield from _merge(target, arrays)
        if place == len(members):
            members.append([])
        members[place] += held
    return tuple(_layer(array, ids, tissues) for array, ids in zip(arrays, members))


def segment_tissues(segmentation: Any) -> TissueTable:
    """The segments as tissues, as `label_layers` names and numbers them. Raises `data.missing` or `data.empty`."""
    require_in_scene(segmentation)
    content = _with_segments(segmentation)
    return TissueTable.of(_tissues(content, _chosen(segmentation, None)).values())


def export_label_map(layer: LabelLayer, volume: Any, path: Path) -> Steps[Path]:
    """Writes a layer on the volume's grid as an uncompressed NRRD; names go into a tissue table of their own.

    Raises `data.missing` where the volume is gone, and `disk.*`.
    """
    geometry = geometry_of(volume)
    return (yield from write_raw_nrrd(path, geometry, lambda: layer.array, text=_("Saving the segments")))


def _with_segments(node: Any) -> Any:
    """The vtkSegmentation of a node, which has a segment at least."""
    content = node.GetSegmentation()
    if content is None or content.GetNumberOfSegments() == 0:
        raise SSLSegmentationError(
            "data.empty",
            _("The segmentation '{name}' has no segments.").format(name=shown_name(node)),
            hint=_("Add a segment in the Segment Editor, or choose another segmentation."),
        )
    return content


def _label_images(node: Any, chosen: Sequence[str]) -> Steps[List[Tuple[Any, Dict[str, int]]]]:
    """The images that hold the segments, each with the labels of its segments by their ids.

    Surfaces and contours are turned into voxels, a segment a step; the segmentation itself stays as it is.
    """
    content = node.GetSegmentation()
    found: List[Tuple[Any, Dict[str, int]]] = []
    if not content.ContainsRepresentation(binary_labelmap()):
        for number, one in enumerate(chosen):
            yield Progress(_("Turning the segments into voxels"), number / len(chosen))
            require_in_scene(node)
            found.append((_as_voxels(node, one), {one: 1}))
        return found
    for index in range(content.GetNumberOfLayers(binary_labelmap())):
        here = [one for one in content.GetSegmentIDsForLayer(index, binary_labelmap()) if one in chosen]
        if here:
            labels = {one: content.GetSegment(one).GetLabelValue() for one in here}
            found.append((content.GetLayerDataObject(index, binary_labelmap()), labels))
    return found


def _as_voxels(node: Any, segment_id: str) -> Any:
    """A segment that has no voxels of its own as an image of 0 and 1, in the geometry that the segmentation names."""
    content = node.GetSegmentation()
    source = content.GetSourceRepresentationName()
    segment = content.GetSegment(segment_id)
    shape = segment.GetRepresentation(source) if segment is not None else None
    if shape is None:
        return slicer.vtkOrientedImageData()
    alone, copy = slicer.vtkSegmentation(), slicer.vtkSegment()
    alone.SetSourceRepresentationName(source)
    alone.CopyConversionParameters(content)
    copy.AddRepresentation(source, shape)
    alone.AddSegment(copy, segment_id)
    if not alone.CreateRepresentation(binary_labelmap()):
        raise SSLSegmentationError(
            "data.unsupported",
            _("The segmentation '{name}' cannot be turned into voxels.").format(name=shown_name(node)),
            hint=_("Create its binary labelmap representation in the Segmentations module."),
        )
    return copy.GetRepresentation(binary_labelmap())


def _dtype_for(values: Iterable[int]) -> "np.dtype[Any]":
    return np.dtype(np.uint8 if max(values, default=0) < 2**8 else np.uint32)


def _chosen(node: Any, segment_ids: Optional[Sequence[str]]) -> Tuple[str, ...]:
    everything = tuple(node.GetSegmentation().GetSegmentIDs())
    if segment_ids is None:
        return everything
    missing = [one for one in segment_ids if one not in everything]
    if missing:
        raise SSLSegmentationError(
            "data.missing",
            _("The segmentation '{name}' has no segment '{segment}'.").format(name=shown_name(node), segment=missing[0]),
            hint=_("Choose one of its segments."),
        )
    return tuple(one for one in everything if one in segment_ids)


def _tissues(content: Any, chosen: Sequence[str]) -> Dict[str, Tissue]:
    """A tissue per segment: the value that the module gave it, else its own where it is free, else the next free one."""
    segments = {one: content.GetSegment(one) for one in chosen}
    marked = {one: _marked_value(segment) for one, segment in segments.items()}
    taken: Set[int] = set()
    values: Dict[str, int] = {}
    # Values that the module gave come first, so that no other segment takes them.
    for one in sorted(chosen, key=lambda each: marked[each] is None):
        value = marked[one] or segments[one].GetLabelValue()
        if value in taken or not 1 <= value <= LARGEST_VALUE:
            value = next(number for number in range(1, len(taken) + 2) if number not in taken)
        taken.add(value)
        values[one] = value
    names: Set[str] = set()
    return {one: _tissue(segments[one], values[one], names) for one in chosen}


def _marked_value(segment: Any) -> Optional[int]:
    text = tag_of(segment, LABEL_VALUE_TAG)
    return int(text) if text.isascii() and text.isdigit() else None


def _tissue(segment: Any, value: int, names: Set[str]) -> Tissue:
    base = " ".join(str(segment.GetName() or "").split()) or default_tissue(value).name
    name, number = base, 1
    while name in names:
        number += 1
        name = f"{base} {number}"
    names.add(name)
    red, green, blue = (round(255 * min(1.0, max(0.0, channel))) for channel in segment.GetColor())
    return Tissue(value, name, (red, green, blue), tag_of(segment, slicer.vtkSegment.GetTerminologyEntryTagName()))


def _layer(array: images.Array, ids: Sequence[str], tissues: Dict[str, Tissue]) -> LabelLayer:
    ordered = sorted(ids, key=lambda one: tissues[one].value)
    table = TissueTable.of((tissues[one] for one in ordered), given=True)
    return LabelLayer(array, table, tuple(ordered))


def _merge(fresh: images.Array, arrays: List[images.Array]) -> Steps[int]:
    """Puts `fresh` into the first of `arrays` with which it shares no voxel, else behind them; returns its place."""
    for place, array in enumerate(arrays):
        shared = False
        for part in images.slabs(array.shape):
            yield Progress(_("Reading the segments"))
            if np.any((array[part] != 0) & (fresh[part] != 0)):
                shared = True
                break
        if shared:
            continue
        for part in images.slabs(array.shape):
            yield Progress(_("Reading the segments"))
            array[part] |= fresh[part]
        return place
    arrays.append(fresh)
    return len(arrays) - 1
