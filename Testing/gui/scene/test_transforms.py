"""The transforms above a node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene import transforms

from .making import add_bending_transform, add_transform, add_volume, put_under


def test_a_volume_without_a_parent_is_linear(scene: Any) -> None:
    volume = add_volume()
    assert transforms.parent_of(volume) is None
    transforms.require_linear(volume)


def test_a_chain_of_rigid_transforms_is_linear(scene: Any) -> None:
    volume, inner, outer = add_volume(), add_transform(1), add_transform(2)
    put_under(volume, inner)
    put_under(inner, outer)
    assert transforms.parent_of(volume) is inner
    assert transforms.is_linear(volume)


def test_a_bent_transform_anywhere_above_is_refused_with_the_remedy(scene: Any) -> None:
    volume, inner = add_volume(name="Knie links"), add_transform()
    put_under(volume, inner)
    put_under(inner, add_bending_transform())
    with pytest.raises(SSLSegmentationError, match="Knie links") as caught:
        transforms.require_linear(volume)
    assert caught.value.code == "data.unsupported"
    assert "arden" in caught.value.hint


def test_the_remedy_makes_the_volume_usable(scene: Any) -> None:
    volume = add_volume(grid="plain")
    put_under(volume, add_bending_transform())
    assert not transforms.is_linear(volume)
    assert volume.HardenTransform()
    transforms.require_linear(volume)


def test_the_matrix_between_two_nodes_goes_through_both_parents(scene: Any) -> None:
    first, last, left, right = add_volume(), add_volume(), add_transform(3), add_transform(4)
    put_under(first, left)
    put_under(last, right)
    expected = np.linalg.inv(slicer.util.arrayFromTransformMatrix(right)) @ slicer.util.arrayFromTransformMatrix(left)
    assert np.abs(transforms.matrix_between(first, last) - expected).max() < 1e-9
    put_under(last, left)
    assert np.array_equal(transforms.matrix_between(first, last), np.eye(4))
