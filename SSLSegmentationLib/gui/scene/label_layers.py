"""The segments of a segmentation as label maps on the grid of a volume."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

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

    def only(self, value: int) -> "LabelLayer":
        """The segment of that value alone, with the value 1."""
        place = self.tissues.values.index(value)
        alone = TissueTable.of([replace(self.tissues.tissues[place], value=1)], given=True)
        return LabelLayer((self.array == value).astype(np.uint8), alone, (self.segment_ids[place],))


def label_layers(segmentation: Any, volume: Any, *, segment_ids: Optional[Sequence[str]] = None) -> Steps[Tuple[LabelLayer, ...]]:
    """The segments (all, or those named) on the volume's grid; segments that overlap go to different layers.

    Exact where the segments lie on the volume's voxels; elsewhere Slicer's own nearest-neighbour resampling. Transforms
    above both are taken into account. Raises `data.missing`, `data.empty`, `data.unsupported`, and as `geometry_of` does.
    """
    shape = geometry_of(volume).shape
    require_in_scene(segmentation)
    content = _labelmaps_of(segmentation)
    chosen = _chosen(segmentation, segment_ids)
    tissues = _tissues(content, chosen)
    grid, moved = ijk_to_ras(volume), transforms.matrix_between(segmentation, volume)
    dtype = np.dtype(np.uint8 if max((one.value for one in tissues.values()), default=0) < 2**8 else np.uint32)
    arrays: List[images.Array] = []
    members: List[List[str]] = []
    for index in range(content.GetNumberOfLayers(binary_labelmap())):
        here = [one for one in content.GetSegmentIDsForLayer(index, binary_labelmap()) if one in tissues]
        if not here:
            continue
        values = {content.GetSegment(one).GetLabelValue(): tissues[one].value for one in here}
        target = np.zeros(shape, dtype)
        for progress in resampling.fill(
            target, content.GetLayerDataObject(index, binary_labelmap()), grid=grid, moved=moved, values=values
        ):
            yield progress
            require_in_scene(segmentation)
            require_in_scene(volume)
        place = yield from _merge(target, arrays)
        if place == len(members):
            members.append([])
        members[place] += here
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


def _labelmaps_of(node: Any) -> Any:
    """The vtkSegmentation of a node, with voxels; made here where it has surfaces only, which is one long step."""
    content = _with_segments(node)
    if not content.ContainsRepresentation(binary_labelmap()) and not node.CreateBinaryLabelmapRepresentation():
        raise SSLSegmentationError(
            "data.unsupported",
            _("The segmentation '{name}' cannot be turned into voxels.").format(name=shown_name(node)),
            hint=_("Create its binary labelmap representation in the Segmentations module."),
        )
    return content


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
