"""What the module knows of one segment: its representation, its tags and its stable id."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from SSLSegmentationLib.contract.tissues import Tissue

TAG_PREFIX = "SSLSegmentation."
LABEL_VALUE_TAG = TAG_PREFIX + "LabelValue"
MODALITY_TAG = TAG_PREFIX + "Modality"


def binary_labelmap() -> str:
    """The name of the representation that holds voxels."""
    return str(slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName())


def closed_surface() -> str:
    """The name of the representation that 3D views show."""
    return str(slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName())


def segment_id(tissue: Tissue) -> str:
    """The id of a tissue's segment, the same in every segmentation."""
    return f"Segment_{tissue.value}"


def tag_of(segment: Any, key: str) -> str:
    """A tag of a segment, "" where it has none; `key` with its prefix."""
    value = vtk.reference("")
    return str(value) if segment.GetTag(key, value) else ""


def set_tag(segment: Any, key: str, text: str) -> None:
    """Keeps a text with a segment. A bar would end the tag in a file and is replaced."""
    segment.SetTag(key.replace("|", "/"), text.replace("|", "/"))
