"""Pictures in a panel: every grey value arrives on the screen, in the true proportions of the body."""

from __future__ import annotations

import numpy as np
import pytest
import qt

from SSLSegmentationLib.gui.widgets.picture import WIDE, Pictures, fitted, pixmap_of
from Testing.harness.watchdog import process_events


def test_every_grey_value_arrives():
    pixels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    image = pixmap_of(pixels).toImage()
    assert (image.width(), image.height()) == (32, 8)
    shown = [[qt.QColor(image.pixel(column, row)).red() for column in range(32)] for row in range(8)]
    np.testing.assert_array_equal(np.array(shown), pixels)


def test_a_view_into_other_memory_is_shown_as_it_is_seen():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)[::-1]
    image = pixmap_of(pixels).toImage()
    assert qt.QColor(image.pixel(0, 0)).red() == 8


@pytest.mark.parametrize(
    ("spacing", "size"), [((1.0, 1.0), (200, 100)), ((2.0, 1.0), (200, 200)), ((8.0, 1.0), (75, 300)), ((1.0, 100.0), (200, 1))]
)
def test_proportions_are_those_of_the_body(spacing, size):
    assert fitted(40, 20, spacing=spacing, width=200, height=300) == size


def shown_sizes(pictures):
    return [(label.pixmap.width(), label.pixmap.height()) for label in pictures.labels]


def test_a_scroll_bar_that_comes_and_goes_does_not_redraw_without_end(host, monkeypatch):
    pictures = Pictures(["one", "two"])
    draws = []
    draw = pictures._draw
    monkeypatch.setattr(pictures, "_draw", lambda: (draws.append(pictures.widget.width), draw()))
    area = qt.QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
    inner = qt.QWidget()
    column = qt.QVBoxLayout(inner)
    column.addWidget(pictures.widget)
    column.addStretch(1)
    area.setWidget(inner)
    window = host(area)
    window.show()
    pictures.show([np.zeros((100, 100), np.uint8)] * 2, spacing=(1.0, 1.0))
    for height in range(720, 900, 10):
        window.resize(400, height)
        for _ in range(20):
            process_events()
        del draws[:]
        for _ in range(40):
            process_events()
        assert draws == [], height


def test_pictures_stand_below_each_other_where_it_is_narrow_and_follow_the_width(host):
    pictures = Pictures(["one", "two"])
    window = host(pictures.widget)
    window.resize(300, 900)
    window.show()
    process_events()
    pictures.show([np.zeros((10, 20), np.uint8)] * 2, spacing=(1.0, 1.0))
    process_events()
    assert shown_sizes(pictures) == [(300, 150)] * 2
    assert pictures.titles[1].mapTo(window, qt.QPoint(0, 0)).y() >= 150
    window.resize(WIDE + 4, 300)
    process_events()
    process_events()
    assert shown_sizes(pictures) == [(WIDE // 2, WIDE // 4)] * 2
    assert pictures.titles[1].mapTo(window, qt.QPoint(0, 0)).x() > WIDE // 2
    window.resize(200, 300)
    process_events()
    process_events()
    assert window.width == 200
    pictures.set_title(1, "three")
    assert pictures.titles[1].text == "three"
    pictures.clear()
    assert pictures.labels[0].pixmap.isNull()
    pictures.close()
    window.resize(250, 300)
    process_events()
    assert pictures.labels[0].pixmap.isNull()
