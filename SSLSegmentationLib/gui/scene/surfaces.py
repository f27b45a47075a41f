"""The segments in the 3D view, computed segment by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import images, transforms
from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.segmentations import binary_labelmap
from SSLSegmentationLib.gui.texts import _

# Free voxels around a segment, so that its surface is closed.
MARGIN = 1


def show_in_3d(node: Any) -> Steps[Any]:
    """Makes the surfaces that are missing, shows them in the 3D views, and gives the node. Each segment is one step.

    A step takes as long as Slicer needs for the surface of one segment: seconds for a tissue of a large scan.
    """
    require_in_scene(node)
    content = node.GetSegmentation()
    surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    ids = list(content.GetSegmentIDs())
    made = {}
    for number, one in enumerate(ids):
        yield Progress(_("Making the surfaces"), number / len(ids))
        require_in_scene(node)
        segment = content.GetSegment(one)
        if (
            segment is None
            or segment.GetRepresentation(surface) is not None
            or segment.GetRepresentation(binary_labelmap()) is None
        ):
            continue
        alone = yield from _alone(segment)
        made[one] = _surface(alone, content, surface)
    require_in_scene(node)
    for one, data in made.items():
        if content.GetSegment(one) is not None:
            content.GetSegment(one).AddRepresentation(surface, data)
    # Fills in what is still missing, and tells the views.
    node.CreateClosedSurfaceRepresentation()
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetPreferredDisplayRepresentationName3D(surface)
    display.SetVisibility3D(True)
    return node


def hide_in_3d(node: Any) -> None:
    """Takes the segments out of the 3D views; their surfaces stay."""
    require_in_scene(node)
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility3D(False)


def _alone(segment: Any) -> Steps[Any]:
    """The voxels of one segment as an image of its own, cropped to them: a surface costs as much as its image is large."""
    shared = segment.GetRepresentation(binary_labelmap())
    value = segment.GetLabelValue()
    box = yield from images.box_of(lambda: images.voxels(shared) == value, text=_("Making the surfaces"))
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


def _surface(image: Any, content: Any, representation: str) -> Any:
    """The closed surface of a labelmap of 0 and 1, with the smoothing that the segmentation asks for."""
    single = slicer.vtkSegmentation()
    single.SetSourceRepresentationName(binary_labelmap())
    single.CopyConversionParameters(content)
    segment = slicer.vtkSegment()
    segment.SetLabelValue(1)
    segment.AddRepresentation(binary_labelmap(), image)
    single.AddSegment(segment, "alone")
    single.CreateRepresentation(representation)
    return segment.GetRepresentation(representation)
