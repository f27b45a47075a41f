"""The button 'Show in 3D' of Apply: what was pressed last holds, also while the surfaces are computed."""

from __future__ import annotations

from typing import Any

import pytest

from SSLSegmentationLib.gui.scene import display
from Testing.gui.scene.making import add_segmentation, add_volume
from Testing.harness.watchdog import LONGEST_BLOCK, Watchdog, pump

TIMEOUT = 60.0


@pytest.fixture
def panel(open_module: Any) -> Any:
    """The panel after a segmentation was made."""
    shown = open_module().panel("apply")
    shown.state.results = [add_segmentation(add_volume()).GetID()]
    shown.show_state()
    return shown


def pressed(panel: Any) -> Any:
    """The last result, for which the button was pressed."""
    panel.show_button.click()
    return panel._last_result()


def test_the_surfaces_are_shown_and_hidden_and_no_window_stands_still(panel: Any) -> None:
    with Watchdog() as watchdog:
        node = pressed(panel)
        panel.show_state()
        assert panel.show_button.checked, "the button stays pressed while the surfaces are made"
        assert pump(lambda: display.is_shown_in_3d(node), timeout=TIMEOUT)
        assert pump(lambda: not panel.showing.running, timeout=TIMEOUT)
    assert panel.show_button.checked
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    panel.show_button.click()
    assert pump(lambda: not panel.showing.running, timeout=TIMEOUT)
    assert not display.is_shown_in_3d(node) and not panel.show_button.checked


def test_pressed_again_while_the_surfaces_are_made_nothing_is_shown(panel: Any) -> None:
    node = pressed(panel)
    assert pump(lambda: panel.session.local.busy, timeout=TIMEOUT)
    panel.show_button.click()
    assert pump(lambda: not panel.showing.running and not panel.session.local.busy, timeout=TIMEOUT)
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")
    assert not panel.show_button.checked and not display.is_shown_in_3d(node)


def test_where_no_surface_can_be_made_the_error_is_said_and_the_button_goes_back(panel: Any, scene: Any, events: Any) -> None:
    node = pressed(panel)
    scene.RemoveNode(node)
    assert pump(lambda: not panel.showing.running, timeout=TIMEOUT)
    assert not panel.show_button.checked
    assert [text for text in events.texts if "no longer in the scene" in text]
