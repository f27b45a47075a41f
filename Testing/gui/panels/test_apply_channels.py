"""Apply with a model of two channels: which volume is which is a person's choice, and is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.gui.scene.segmentations import label_layers
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON
from Testing.gui.panels.test_apply import open_panel, press_apply
from Testing.gui.scene.making import SHAPE, add_volume, made
from Testing.gui.threshold_engine import expected_labels, save_threshold, threshold_python, two_sided


@pytest.fixture(scope="module")
def two_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_threshold(tmp_path_factory.mktemp("model") / "threshold of two", channels=2)


@pytest.fixture
def panel(open_module, two_channels, tmp_path):
    opened = open_module()
    opened.session.settings.set(BACKEND_PYTHON, str(threshold_python(tmp_path / "python")))
    first, second = add_volume(two_sided(SHAPE), name="first"), add_volume(two_sided(SHAPE, seed=1), name="second")
    shown = open_panel(opened, two_channels)
    shown.volume.setCurrentNode(first)
    return shown, first, second


def test_the_second_channel_is_asked_for_and_is_another_volume(panel):
    shown, first, second = panel
    (channel,) = shown.channels.selectors
    assert channel.isVisibleTo(shown.widget) and channel.currentNode() is None
    assert "echo 1, echo 2" in shown.apply_button.toolTip and not shown.apply_button.enabled
    channel.setCurrentNode(first)
    assert "same volume" in shown.apply_button.toolTip and not shown.apply_button.enabled
    channel.setCurrentNode(second)
    assert shown.apply_button.enabled
    press_apply(shown)
    (node,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    (layer,) = made(label_layers(node, first))
    assert np.array_equal(layer.array, expected_labels(two_sided(SHAPE, seed=1)))


def test_the_chosen_channels_are_shown_again(panel):
    shown, _first, second = panel
    shown.channels.selectors[0].setCurrentNode(second)
    shown.channels.selectors[0].blockSignals(True)
    shown.channels.selectors[0].setCurrentNode(None)
    shown.channels.selectors[0].blockSignals(False)
    shown.enter()
    assert shown.channels.selectors[0].currentNode() is second


def test_channels_lie_right_below_the_volume(panel):
    shown = panel[0]
    rows = shown.form.layout
    places = {}
    for number in range(rows.rowCount()):
        for role in (rows.SpanningRole, rows.FieldRole):
            item = rows.itemAt(number, role)
            if item is not None:
                places[item.widget()] = number
    assert places[shown.channels.widget] == places[shown.volume] + 1


def test_all_volumes_of_the_scene_cannot_be_paired_by_themselves(panel):
    shown = panel[0]
    shown.scope.setCurrentIndex(1)
    assert not shown.apply_button.enabled and "2 volumes per scan" in shown.apply_button.toolTip
