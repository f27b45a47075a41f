"""The surfaces of segments, computed segment by segment."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import slicer

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import images, transforms
from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.segments import binary_labelmap, closed_surface
from SSLSegmentationLib.gui.texts import _

# Free voxels around a segment, so that its surface is closed.
MARGIN = 1


def make_surfaces(node: Any) -> Steps[None]:
    """Makes the closed surfaces that a segmentation lacks.

    A step takes as long as Slicer needs for the surface of one segment: a second for a large tissue of a large scan.
    Raises `data.missing` where the node is removed on the way.
    """
    content = node.GetSegmentation()
    ids = list(content.GetSegmentIDs())
    made: Dict[str, Any] = {}
    for number, one in enumerate(ids):
        yield Progress(_("Making the surfaces"), number / len(ids))
        require_in_scene(node)
        segment = content.GetSegment(one)
        if segment is not None and _lacks_surface(segment):
            alone = yield from _alone(segment)
            made[one] = _surface(alone, content)
    require_in_scene(node)
    for one, data in made.items():
        if content.GetSegment(one) is not None:
            content.GetSegment(one).AddRepresentation(closed_surface(), data)
    # Tells the views, and fills in what other representations there are.
    node.CreateClosedSurfaceRepresentation()


def _lacks_surface(segment: Any) -> bool:
    return segment.GetRepresentation(closed_surface()) is None and segment.GetRepresentation(binary_labelmap()) is not None


def _alone(segment: Any) -> Steps[Any]:
    """The voxels of one segment as an image of its own, cropped to them: a surface costs as much as its image is large."""
    shared = segment.GetRepresentation(binary_labelmap())
    value = segment.GetLabelValue()
    box = yield from images.box_of(lambda: images.voxels(shared), text=_("Making the surfaces"), value=value)
    extent = shared.GetExtent()
    image = slicer.vtkOrientedImageData()
    sides = list(zip(reversed(box), extent[::2]))
    image.SetExtent(*(bound for part, first in sides for bound in (first + part.start - MARGIN, first + part.stop - 1 + MARGIN)))
    image.SetImageToWorldMatrix(transforms.to_vtk(transforms.matrix_of_image(shared)))
    target = images.allocate(image, np.dtype(np.uint8))
    target[:] = 0
    inner = tuple(slice(MARGIN, size - MARGIN) for size in target.shape)
    target[inner] = images.voxels(shared)[box] == value
    return image


def _surface(image: Any, content: Any) -> Any:
    """The closed surface of a labelmap of 0 and 1, with the smoothing that the segmentation asks for."""
    single = slicer.vtkSegmentation()
    single.SetSourceRepresentationName(binary_labelmap())
    single.CopyConversionParameters(content)
    segment = slicer.vtkSegment()
    segment.SetLabelValue(1)
    segment.AddRepresentation(binary_labelmap(), image)
    single.AddSegment(segment, "alone")
    single.CreateRepresentation(closed_surface())
    return segment.GetRepresentation(closed_surface())
