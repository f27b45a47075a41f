"""From a volume of the scene through the engine and back: every voxel of the result lies where the volume's lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.models import Model, open_model
from SSLSegmentationLib.gui.panels.apply.logic import Segmented, segment
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.scene.segmentations import label_layers
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, Settings
from Testing.gui.scene.making import (
    GRIDS,
    NUMERIC_TYPES,
    SHAPE,
    add_bending_transform,
    add_transform,
    add_volume,
    made,
    put_under,
    sorted_rows,
    world_centres,
)
from Testing.gui.threshold_engine import expected_labels, save_threshold, threshold_python, two_sided


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return threshold_python(tmp_path_factory.mktemp("engine") / "python")


@pytest.fixture(scope="module")
def one_channel(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_model(save_threshold(tmp_path_factory.mktemp("model") / "threshold"))


@pytest.fixture(scope="module")
def two_channels(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_model(save_threshold(tmp_path_factory.mktemp("model") / "threshold of two", channels=2))


@pytest.fixture
def session(scene: Any, engine: Path) -> Iterator[Session]:
    settings = Settings(slicer.app.userSettings())
    settings.set(BACKEND_PYTHON, str(engine))
    opened = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield opened
    opened.close()


def segmented(session: Session, model: Model, *volumes: Any) -> Any:
    (done,) = made(segment(session, [volumes], model))
    assert isinstance(done, Segmented) and done.error is None
    return done.segmentation


def test_the_result_lies_on_the_volumes_own_voxels_wherever_that_lies(session: Session, one_channel: Model) -> None:
    for grid, matrix in GRIDS.items():
        for parent in (None, add_transform()):
            array = two_sided(SHAPE)
            volume = add_volume(array, grid)
            put_under(volume, parent)
            node = segmented(session, one_channel, volume)
            assert node.GetParentTransformNode() is parent
            (layer,) = made(label_layers(node, volume))
            assert np.array_equal(layer.array, expected_labels(array)), (grid, parent)
            above = slicer.util.arrayFromTransformMatrix(parent) if parent is not None else np.eye(4)
            to_world = above @ matrix
            index = np.argwhere(expected_labels(array))[:, ::-1]
            wanted = index @ to_world[:3, :3].T + to_world[:3, 3]
            found = world_centres(node, "Segment_7")
            assert np.abs(sorted_rows(found) - sorted_rows(wanted)).max() < 1e-6, (grid, parent)


def test_volumes_of_every_numeric_type_are_segmented_alike(session: Session, one_channel: Model) -> None:
    array = two_sided(SHAPE) // 8
    for dtype in NUMERIC_TYPES:
        volume = add_volume(array.astype(dtype))
        (layer,) = made(label_layers(segmented(session, one_channel, volume), volume))
        assert np.array_equal(layer.array, expected_labels(array)), dtype


def test_a_second_channel_counts_where_it_lies_in_the_world(session: Session, two_channels: Model) -> None:
    first, second = add_volume(two_sided(SHAPE)), add_volume(two_sided(SHAPE, seed=1), name="echo")
    put_under(first, add_transform())
    with pytest.raises(SSLSegmentationError, match="'echo' do not lie on those of 'scan'") as caught:
        segmented(session, two_channels, first, second)
    assert caught.value.code == "data.grid_mismatch"
    put_under(second, first.GetParentTransformNode())
    (layer,) = made(label_layers(segmented(session, two_channels, first, second), first))
    assert np.array_equal(layer.array, expected_labels(two_sided(SHAPE, seed=1)))


def test_a_volume_under_a_bent_transform_is_refused_with_the_remedy(session: Session, one_channel: Model) -> None:
    volume = add_volume(two_sided(SHAPE), name="bent scan")
    put_under(volume, add_bending_transform())
    with pytest.raises(SSLSegmentationError, match="'bent scan'") as caught:
        segmented(session, one_channel, volume)
    assert caught.value.code == "data.unsupported" and "Harden" in caught.value.hint
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
