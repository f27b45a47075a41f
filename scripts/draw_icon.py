"""Draws the module's icon: an abdominal slice whose missing patch is put back. Needs PyQt6: python scripts/draw_icon.py.

Every shape is a polygon, since the SVG reader of Qt knows no clipping.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "SSLSegmentation" / "Resources" / "Icons"
SIZE = 128
BACKGROUND, HOLE, EDGE = "#16324a", "#0b1a27", "#ffffff"
# The tissues from the skin inwards: centre and half axes in pixels, and their colour.
LAYERS = (
    ((62, 70), (56, 44), "#e6dc64"),
    ((62, 70), (48, 36), "#c06858"),
    ((62, 64), (38, 25), "#e69f00"),
    ((38, 70), (9, 13), "#56b4e9"),
    ((86, 70), (9, 13), "#0072b2"),
    ((62, 88), (12, 10), "#f1d691"),
)
# Left, top, right and bottom of the patch, and how far it is from its place.
PATCH = (70.0, 30.0, 104.0, 64.0)
MOVED = (15.0, -22.0)

Point = tuple[float, float]


def ellipse(centre: Point, half: Point) -> list[Point]:
    """The outline of an ellipse."""
    angles = [2 * math.pi * step / 72 for step in range(72)]
    return [(centre[0] + half[0] * math.cos(angle), centre[1] + half[1] * math.sin(angle)) for angle in angles]


def clipped(polygon: list[Point], box: tuple[float, float, float, float]) -> list[Point]:
    """The part of a convex polygon inside a box: one side of the box after the other cuts it."""
    for axis, bound, sign in ((0, box[0], 1), (1, box[1], 1), (0, box[2], -1), (1, box[3], -1)):
        kept: list[Point] = []
        for before, after in zip(polygon[-1:] + polygon[:-1], polygon, strict=True):
            inside = [sign * (point[axis] - bound) >= 0 for point in (before, after)]
            if inside[0] != inside[1]:
                share = (bound - before[axis]) / (after[axis] - before[axis])
                kept.append((before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])))
            if inside[1]:
                kept.append(after)
        polygon = kept
    return polygon


def _polygon(points: list[Point], fill: str, extra: str = "") -> str:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{text}" fill="{fill}"{extra}/>'


def svg() -> str:
    """The icon as SVG."""
    left, top, right, bottom = PATCH
    square = [(left, top), (right, top), (right, bottom), (left, bottom)]
    lines = [f'<rect width="{SIZE}" height="{SIZE}" rx="20" fill="{BACKGROUND}"/>']
    lines += [_polygon(ellipse(centre, half), color) for centre, half, color in LAYERS]
    lines.append(_polygon(square, HOLE, f' stroke="{EDGE}" stroke-width="2" stroke-dasharray="4,3"'))
    tile = [_polygon(square, BACKGROUND)]
    tile += [_polygon(part, color) for centre, half, color in LAYERS if (part := clipped(ellipse(centre, half), PATCH))]
    tile.append(_polygon(square, "none", f' stroke="{EDGE}" stroke-width="3"'))
    lines.append(f'<g transform="translate({MOVED[0]:g},{MOVED[1]:g})">' + "".join(tile) + "</g>")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}">'
    return "\n".join([head, *lines, "</svg>"]) + "\n"


def main() -> None:
    """Writes the SVG, and the PNG as Qt shows it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PyQt6.QtCore import QByteArray
    from PyQt6.QtGui import QGuiApplication, QImage, QPainter
    from PyQt6.QtSvg import QSvgRenderer

    application = QGuiApplication([])
    text = svg()
    (FOLDER / "SSLSegmentation.svg").write_text(text, encoding="utf-8", newline="\n")
    image = QImage(SIZE, SIZE, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(text.encode("utf-8"))).render(painter)
    painter.end()
    image.save(str(FOLDER / "SSLSegmentation.png"))
    application.quit()


if __name__ == "__main__":
    main()
