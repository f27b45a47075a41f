"""Draws one axial slice of an `Abdomen`: label of every pixel and its HU before blur and noise."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging.phantoms.abdomen_anatomy import DISC_MM, VERTEBRA_MM, Abdomen, Ellipsoid, Kidney
from SSLSegmentationLib.imaging.phantoms.phantom import FloatSlice, LabelSlice

MUSCLE, MUSCLE_FAT, SUBCUTANEOUS, VISCERAL, BONE, KIDNEY_RIGHT, KIDNEY_LEFT, SKIN = range(1, 9)
AIR_HU = -1000.0
GAS_HU = -900.0
# Skin is drawn at least one pixel thick.
SKIN_MM = 2.0

Mask = npt.NDArray[np.bool_]


def _term(category: str, kind: str, modifier: str = "^^") -> str:
    context = "Segmentation category and type - 3D Slicer General Anatomy list"
    return "~".join((context, category, kind, modifier, "Anatomic codes - DICOM master list", "^^", "^^"))


_TISSUE, _ORGAN = "SCT^85756007^Tissue", "SCT^123037004^Anatomical Structure"
_FAT = _term(_TISSUE, "SCT^55603005^Adipose tissue")
ABDOMEN_TISSUES = TissueTable.of(
    (
        Tissue(MUSCLE, "muscle", (192, 104, 88), _term(_TISSUE, "SCT^71616004^Skeletal and/or smooth muscle")),
        Tissue(MUSCLE_FAT, "intramuscular_fat", (255, 221, 140), _FAT),
        Tissue(SUBCUTANEOUS, "subcutaneous_fat", (230, 220, 70), _FAT),
        Tissue(VISCERAL, "visceral_fat", (230, 159, 0), _FAT),
        Tissue(BONE, "bone", (241, 214, 145), _term(_TISSUE, "SCT^272673000^Bone")),
        Tissue(KIDNEY_RIGHT, "kidney_right", (0, 114, 178), _term(_ORGAN, "SCT^64033007^Kidney", "SCT^24028007^Right")),
        Tissue(KIDNEY_LEFT, "kidney_left", (86, 180, 233), _term(_ORGAN, "SCT^64033007^Kidney", "SCT^7771000^Left")),
        Tissue(SKIN, "skin", (177, 122, 101), _term(_ORGAN, "SCT^39937001^Skin")),
    ),
    given=True,
)


class AbdomenSlices:
    """Draws slices of one patient on one pixel grid; `x` and `y` are the columns' and rows' positions in mm."""

    def __init__(self, anatomy: Abdomen, *, x: npt.NDArray[Any], y: npt.NDArray[Any], pixel_mm: float) -> None:
        self._anatomy = anatomy
        self._columns, self._rows = x, y
        self._pixel = pixel_mm
        moved_x = x[None, :] - anatomy.shift[0]
        moved_y = y[:, None] - anatomy.shift[1]
        cosine, sine = np.cos(anatomy.rotation), np.sin(anatomy.rotation)
        self._x = np.asarray(cosine * moved_x + sine * moved_y, dtype=np.float32)
        self._y = np.asarray(-sine * moved_x + cosine * moved_y, dtype=np.float32)
        self._radius = np.hypot(self._x, self._y)
        self._angle = np.arctan2(self._y, self._x)
        self._outline()

    def _outline(self) -> None:
        """Radius of the muscle hull and thickness of wall and fat, in every direction from the middle."""
        body, angle = self._anatomy, self._angle
        power = body.squareness
        hull = (np.abs(np.cos(angle) / body.hull[0]) ** power + np.abs(np.sin(angle) / body.hull[1]) ** power) ** (-1 / power)
        for number, (size, phase) in enumerate(body.bumps, start=2):
            hull *= 1 + size * np.cos(number * angle + phase)
        back = np.exp(-(((angle - np.pi / 2) / 0.13) ** 2))
        front = angle + np.pi / 2
        self._hull = hull * (1 - 0.05 * back)
        mean, to_back, to_side = body.fat
        thickness = mean * (1 + to_back * np.sin(angle) + to_side * np.cos(2 * angle))
        self._fat = np.maximum(thickness * (1 - 0.35 * back), 3.0)
        seams = np.exp(-((front / 0.05) ** 2)) + 0.55 * np.exp(-(((np.abs(front) - 0.62) / 0.1) ** 2))
        behind = 1 / (1 + np.exp(-(np.sin(angle) - 0.72) / 0.04))
        lateral = 0.62 + 0.38 * np.abs(np.cos(angle))
        self._wall = np.maximum(body.wall * lateral * (1 - 0.8 * seams) * (1 - 0.75 * behind), 2.0)

    def draw(self, z: float) -> Tuple[LabelSlice, FloatSlice]:
        """Labels (uint8) and HU (float32) of the plane at height `z`, both (rows, columns)."""
        body = self._anatomy
        growth = 1 + 0.03 * np.sin(z / 60)
        hull, radius = self._hull * growth, self._radius
        skin_inside = hull + self._fat
        skin_outside = skin_inside + max(SKIN_MM, self._pixel)
        mottle = body.mottle.on_plane(x=self._columns, y=self._rows, z=z)
        labels: LabelSlice = np.zeros(radius.shape, dtype=np.uint8)
        image = np.full(radius.shape, AIR_HU, dtype=np.float32)
        self._draw_table(image)
        self._fill(labels, image, radius < skin_outside, SKIN, body.skin_hu)
        self._fill(labels, image, radius < skin_inside, SUBCUTANEOUS, body.fat_hu + 3 * mottle)
        self._fill(labels, image, radius < hull, MUSCLE, body.muscle_hu + 4 * mottle)
        cavity = radius < hull - self._wall
        self._fill(labels, image, cavity, VISCERAL, body.visceral_hu + 5 * mottle)
        self._draw_organs(labels, image, z=z, inside=radius < hull - self._wall - 3, mottle=mottle)
        self._fill(labels, image, self._deep_muscles(z) & (radius < hull - 1), MUSCLE, body.muscle_hu + 4 * mottle)
        threshold = NormalDist().inv_cdf(1 - body.fat_share)
        streaks = body.streaks.on_plane(x=self._columns, y=self._rows, z=z) > threshold
        self._fill(labels, image, streaks & (labels == MUSCLE), MUSCLE_FAT, body.fat_hu + 18 + 4 * mottle)
        self._draw_spine(labels, image, z=z)
        for kidney, label in zip(body.kidneys, (KIDNEY_RIGHT, KIDNEY_LEFT)):
            self._fill(labels, image, self._inside_kidney(kidney, z), label, kidney.shape.value + 3 * mottle)
        return labels, image

    @staticmethod
    def _fill(labels: LabelSlice, image: FloatSlice, mask: Mask, label: int, value: Any) -> None:
        labels[mask] = label
        image[mask] = value[mask] if isinstance(value, np.ndarray) else value

    def _draw_table(self, image: FloatSlice) -> None:
        """The couch: a thin curved shell behind the back, unlabelled."""
        distance = np.hypot(self._columns[None, :], self._rows[:, None] + 250.0)
        lowest = self._anatomy.hull[1] + self._anatomy.fat[0] * 1.4 + 262.0
        image[(np.abs(distance - lowest) < max(3.0, self._pixel / 2)) & (np.abs(self._columns[None, :]) < 190)] = -250.0

    def _inside(self, shape: Ellipsoid, z: float) -> FloatSlice:
        """Squared normalised distance from the centre: below 1 inside."""
        (cx, cy, cz), (rx, ry, rz) = shape.centre, shape.radii
        return np.asarray(((self._x - cx) / rx) ** 2 + ((self._y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2)

    def _inside_kidney(self, kidney: Kidney, z: float) -> Mask:
        (cx, cy, cz), (rx, ry, rz) = kidney.shape.centre, kidney.shape.radii
        x, y = self._x - cx, self._y - cy
        x = x - kidney.tilt * (z - cz) - kidney.bend * (y**2 + 0.35 * (z - cz) ** 2)
        return np.asarray((x / rx) ** 2 + (y / ry) ** 2 + ((z - cz) / rz) ** 2 < 1)

    def _ellipse(self, cx: float, cy: float, rx: float, ry: float) -> FloatSlice:
        return np.asarray(((self._x - cx) / rx) ** 2 + ((self._y - cy) / ry) ** 2)

    def _deep_muscles(self, z: float) -> Mask:
        """Psoas (thicker downwards), quadratus lumborum and the erectors of the back, on both sides."""
        body = self._anatomy
        size = body.scale * body.muscle_size
        psoas = size * float(np.clip(0.85 - z / 260, 0.45, 1.15))
        mask = np.zeros(self._x.shape, dtype=bool)
        for side in (-1, 1):
            mask |= self._ellipse(side * (21 * body.scale + 14 * psoas), body.spine_y + 4, 15 * psoas, 18 * psoas) < 1
            mask |= self._ellipse(side * 70 * body.scale, body.spine_y + 26 * body.scale, 18 * size, 9 * size) < 1
            mask |= self._ellipse(side * 33 * body.scale, body.spine_y + 43 * body.scale, 31 * size, 20 * size) < 1
        return mask

    def _draw_organs(self, labels: LabelSlice, image: FloatSlice, *, z: float, inside: Mask, mottle: FloatSlice) -> None:
        """Liver, spleen, bowel and the great vessels: seen, not labelled, so that a network must learn what they are not."""
        body = self._anatomy
        for loop in body.loops:
            where = self._inside(loop.shape, z)
            self._fill(labels, image, inside & (where < 1), 0, 42.0)
            lumen = inside & (where < 0.72)
            image[lumen] = loop.shape.value
            if loop.gas > 0:
                level = loop.shape.centre[1] + loop.shape.radii[1] * (2 * loop.gas - 1)
                image[lumen & (self._y < level)] = GAS_HU
        for organ in (body.liver, body.spleen):
            self._fill(labels, image, inside & (self._inside(organ, z) < 1), 0, organ.value + 3 * mottle)
        front = body.spine_y - 27 * body.scale
        self._fill(labels, image, self._ellipse(11.0, front, 9.5, 9.5) < 1, 0, body.vessel_hu)
        self._fill(labels, image, self._ellipse(-14.0, front + 2, 12.0, 9.0) < 1, 0, body.vessel_hu * 0.9)

    def _draw_spine(self, labels: LabelSlice, image: FloatSlice, *, z: float) -> None:
        """Vertebra or disc, the canal, arch, processes; cortex outside, marrow inside."""
        body, unit = self._anatomy, self._anatomy.scale
        height = (z - body.spine_z + VERTEBRA_MM / 2) % VERTEBRA_MM - VERTEBRA_MM / 2
        in_disc = abs(height) > (VERTEBRA_MM - DISC_MM) / 2
        trunk = self._ellipse(0.0, body.spine_y, 23 * unit, 17 * unit)
        canal = self._ellipse(0.0, body.spine_y + 22 * unit, 11 * unit, 8 * unit)
        arch = (self._ellipse(0.0, body.spine_y + 22 * unit, 17 * unit, 13 * unit) < 1) & (np.abs(height) < 14)
        spinous = (np.abs(self._x) < 3.5 * unit) & (np.abs(self._y - body.spine_y - 44 * unit) < 13 * unit) & (height < 6)
        wings = self._ellipse(0.0, body.spine_y + 19 * unit, 46 * unit, 4.5 * unit) < 1
        bone = arch | spinous
        if abs(height) < 6:
            bone |= wings
        self._fill(labels, image, bone, BONE, 0.55 * body.cortex_hu)
        if in_disc:
            self._fill(labels, image, trunk < 1, 0, body.disc_hu)
        else:
            shell = (1 - 2.5 / (17 * unit)) ** 2
            self._fill(labels, image, trunk < 1, BONE, body.cortex_hu)
            image[trunk < shell] = body.marrow_hu
        self._fill(labels, image, canal < 1, 0, 20.0)
        image[canal < 0.25] = 40.0
