"""Draws one sagittal slice of a `Knee`: label, proton density and T2 of every pixel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging.phantoms.knee_anatomy import Knee
from SSLSegmentationLib.imaging.phantoms.phantom import FloatSlice, LabelSlice

FEMORAL, TIBIAL, PATELLAR, MENISCUS = range(1, 5)
LABELS = {"femoral_cartilage": FEMORAL, "tibial_cartilage": TIBIAL, "patellar_cartilage": PATELLAR, "meniscus": MENISCUS}
# T2 of cartilage rises from bone to surface; relative size of that and of the texture.
T2_RISE = 0.25
T2_TEXTURE = 0.05
CORTEX_MM = 1.2


def _term(kind: str) -> str:
    context = "Segmentation category and type - 3D Slicer General Anatomy list"
    return "~".join((context, "SCT^85756007^Tissue", kind, "^^", "Anatomic codes - DICOM master list", "^^", "^^"))


_CARTILAGE = _term("SCT^61496007^Cartilage tissue")
KNEE_TISSUES = TissueTable.of(
    (
        Tissue(FEMORAL, "femoral_cartilage", (86, 180, 233), _CARTILAGE),
        Tissue(TIBIAL, "tibial_cartilage", (230, 159, 0), _CARTILAGE),
        Tissue(PATELLAR, "patellar_cartilage", (0, 158, 115), _CARTILAGE),
        Tissue(MENISCUS, "meniscus", (204, 121, 167)),
    ),
    given=True,
)


class KneeSlice(NamedTuple):
    """Each (rows, columns): labels, proton density (0 is air), T2 in ms (0 is air), coil sensitivity."""

    labels: LabelSlice
    density: FloatSlice
    t2: FloatSlice
    sensitivity: FloatSlice


class _Canvas:
    """What is drawn later covers what was drawn before."""

    def __init__(self, knee: Knee, *, texture: FloatSlice) -> None:
        self._knee, self._texture = knee, texture
        self.labels: LabelSlice = np.zeros(texture.shape, dtype=np.uint8)
        self.density = np.zeros(texture.shape, dtype=np.float32)
        self.t2 = np.zeros(texture.shape, dtype=np.float32)

    def fill(self, mask: npt.NDArray[np.bool_], material: str, *, depth: Any = None) -> None:
        """`depth` runs from 0 at the bone to 1 at the surface, where T2 depends on it."""
        self.labels[mask] = LABELS.get(material, 0)
        self.density[mask] = self._knee.density[material] * (1 + 0.03 * self._texture[mask])
        rise = 0.0 if depth is None else T2_RISE * (np.clip(depth[mask], 0, 1) - 0.5)
        self.t2[mask] = self._knee.t2[material] * (1 + rise + T2_TEXTURE * self._texture[mask])


def draw_knee_slice(knee: Knee, *, x: float, y: npt.NDArray[Any], z: npt.NDArray[Any]) -> KneeSlice:
    """The sagittal plane at `x`: columns lie at `y`, rows at `z` (1D, mm)."""
    canvas = _Canvas(knee, texture=knee.texture.on_plane(x=y, y=z, z=x))
    x = x - knee.shift[0]
    across, up = np.meshgrid((y - knee.shift[1]).astype(np.float32), (z - knee.shift[2]).astype(np.float32))
    _draw_leg(canvas, knee, x=x, y=across, z=up)
    _draw_patella(canvas, knee, x=x, y=across, z=up)
    _draw_tibia(canvas, knee, x=x, y=across, z=up)
    _draw_femur(canvas, knee, x=x, y=across, z=up)
    bias = knee.bias.on_plane(x=y, y=z, z=x)
    return KneeSlice(canvas.labels, canvas.density, canvas.t2, np.exp(0.12 * bias).astype(np.float32))


def _draw_leg(canvas: _Canvas, knee: Knee, *, x: float, y: FloatSlice, z: FloatSlice) -> None:
    """Skin and fat around, muscle behind, the tendons in front, fluid in the recess above the joint."""
    radius = knee.skin_radius + 0.03 * z
    round_leg = np.sqrt(max(0.0, 1 - (x / knee.skin_radius) ** 2)) * radius
    inside = (y > -0.95 * round_leg) & (y < round_leg)
    canvas.fill(inside, "fat")
    canvas.fill(inside & (y > 24 + 0.1 * np.abs(z)) & (y < round_leg - 7), "muscle")
    front, middle, _ = knee.patella
    near_middle = abs(x) < 15 * knee.scale
    if near_middle:
        line = front - 3 + 0.12 * np.abs(z - middle)
        canvas.fill(inside & (np.abs(y - line) < 2.6) & (z > -40), "ligament")
    if near_middle and knee.effusion > 0.3:
        canvas.fill(inside & (np.abs(y - front * 0.68) < knee.effusion) & (z > 20) & (z < middle + 28), "fluid")


def _draw_patella(canvas: _Canvas, knee: Knee, *, x: float, y: FloatSlice, z: FloatSlice) -> None:
    front, middle, tilt = knee.patella
    rx, ry, rz = knee.patella_radii
    turned_y = np.cos(tilt) * (y - front) + np.sin(tilt) * (z - middle)
    turned_z = -np.sin(tilt) * (y - front) + np.cos(tilt) * (z - middle)
    size = np.sqrt((x / rx) ** 2 + (turned_y / ry) ** 2 + (turned_z / rz) ** 2)
    thick = knee.cartilage[2]
    depth = (size - 1) * ry / thick
    canvas.fill(
        (depth >= 0) & (depth < 1) & (turned_y > 0.35 * ry) & (np.abs(turned_z) < 0.75 * rz), "patellar_cartilage", depth=depth
    )
    canvas.fill(size < 1, "cortex")
    canvas.fill(size < 1 - CORTEX_MM / ry, "marrow")


def _draw_femur(canvas: _Canvas, knee: Knee, *, x: float, y: FloatSlice, z: FloatSlice) -> None:
    """Two condyles and the shaft; cartilage covers the condyles from the front round to the back."""
    thick = knee.cartilage[0]
    shaft_y = y + 6 + np.tan(knee.flexion) * (z - 30)
    shaft = np.maximum(np.hypot(shaft_y, 0.55 * x) - (15 + 9 * np.exp(-np.maximum(0, z - 18) / 16)) * knee.scale, 22 - z)
    bone = shaft
    surface = np.full(shaft.shape, 1e3, dtype=np.float32)
    for centre_x, radius_y, radius_z in knee.condyles:
        share = 1 - ((x - centre_x) / (knee.condyle_width * 1.25)) ** 4
        if share <= 0:
            continue
        shrink = share**0.25
        lowest = knee.gap / 2 + thick + radius_z
        size = np.hypot(y / (radius_y * shrink), (z - lowest) / (radius_z * shrink))
        # Near enough to the distance from an ellipse for a layer as thin as cartilage.
        surface = np.minimum(surface, (size - 1) * 0.5 * (radius_y + radius_z) * shrink)
    # The trochlea joins the condyles in front: what the patella glides on.
    trochlea = (
        np.hypot(y + 8 * knee.scale, z - 24 * knee.scale) - np.sqrt(max(0.0, 1 - (x / (30 * knee.scale)) ** 2)) * 23 * knee.scale
    )
    surface = np.minimum(surface, trochlea)
    bone = np.minimum(bone, surface)
    depth = bone / thick
    below = z < 22 * knee.scale + np.where(y < -12, 14.0, 0.0) * knee.scale
    covered = (surface <= bone + 1e-3) & below & ~((np.abs(y) < 10) & (trochlea <= surface) & (z < 12))
    canvas.fill((depth >= 0) & (depth < 1) & covered, "femoral_cartilage", depth=depth)
    canvas.fill(bone < 0, "cortex")
    canvas.fill(bone < -CORTEX_MM, "marrow")


def _draw_tibia(canvas: _Canvas, knee: Knee, *, x: float, y: FloatSlice, z: FloatSlice) -> None:
    """Plateau and shaft; a layer of cartilage and a meniscus, thick outside and thin inside, on each side."""
    thick = knee.cartilage[1]
    top = -knee.gap / 2 - thick
    width, length = 38.0 * knee.scale, 24.0 * knee.scale
    reach = length * max(0.0, 1 - (abs(x) / width) ** 3) ** (1 / 3)
    below = np.maximum(0.0, top - z)
    shrink = 1 - 0.45 * np.clip(below / 45, 0, 1) ** 0.7
    bone = (np.abs(y) < reach * shrink) & (z < top)
    plateau = min(abs(x - side) for side in (-20.0 * knee.scale, 20.0 * knee.scale)) < 15 * knee.scale
    if plateau:
        depth = (z - top) / thick
        edge = 1 - 0.3 * (y / reach) ** 2
        canvas.fill((depth >= 0) & (depth < edge) & (np.abs(y) < 0.86 * reach), "tibial_cartilage", depth=depth)
        height, wide = knee.meniscus
        inward = (np.abs(y) - (reach - wide)) / wide
        wedge = (
            (inward > 0) & (inward < 1.0) & (np.abs(z - top - thick * 0.9) < height * inward / 2 + 0.3) & (z > top + thick * 0.55)
        )
        canvas.fill(wedge, "meniscus")
    canvas.fill(bone, "cortex")
    canvas.fill((np.abs(y) < reach * shrink - CORTEX_MM) & (z < top - CORTEX_MM), "marrow")
