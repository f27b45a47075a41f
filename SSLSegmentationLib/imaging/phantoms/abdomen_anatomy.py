"""The anatomy of one made-up abdomen: everything that is drawn at random, as plain data, in mm and HU.

Patient axes: x to the left, y to the back, z to the head; the origin is the middle of the trunk at the upper edge of L3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from SSLSegmentationLib.imaging.phantoms.fields import WaveField, draw_wave_field


@dataclass(frozen=True)
class Ellipsoid:
    """`centre` and `radii` (x, y, z) in mm; `value` in HU."""

    centre: Tuple[float, float, float]
    radii: Tuple[float, float, float]
    value: float


@dataclass(frozen=True)
class Kidney:
    """An ellipsoid, tilted by `tilt` (mm sideways per mm upwards) and bent by `bend` (mm per mm²) around the pelvis.

    Tilt and bend are shears: they keep the volume, 4/3·π·radii, exactly.
    """

    shape: Ellipsoid
    tilt: float
    bend: float

    @property
    def volume_ml(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.shape.radii) / 1000)


@dataclass(frozen=True)
class Loop:
    """A piece of bowel: its outer shape, and the share of its height that gas fills from the front (0: none)."""

    shape: Ellipsoid
    gas: float


# Height of a vertebra with its disc, and of the disc.
VERTEBRA_MM = 35.0
DISC_MM = 9.0


@dataclass(frozen=True)
class Abdomen:
    """One patient on the table. Lengths in mm, intensities in HU, angles in radians."""

    scale: float
    hull: Tuple[float, float]  # half axes of the muscle wall's outer border
    squareness: float  # exponent of the superellipse
    bumps: Tuple[Tuple[float, float], ...]  # relative size and phase of the outline's harmonics 2, 3, …
    fat: Tuple[float, float, float]  # subcutaneous thickness: mean, relative back-to-front, relative side-to-middle
    wall: float  # thickness of the lateral abdominal wall
    spine_y: float
    spine_z: float  # height of the middle of a vertebral body
    muscle_size: float
    kidneys: Tuple[Kidney, Kidney]  # right, left
    liver: Ellipsoid
    spleen: Ellipsoid
    loops: Tuple[Loop, ...]
    shift: Tuple[float, float]
    rotation: float
    fat_share: float  # of muscle that is fat
    streaks: WaveField
    mottle: WaveField
    muscle_hu: float
    fat_hu: float
    visceral_hu: float
    skin_hu: float
    marrow_hu: float
    cortex_hu: float
    vessel_hu: float
    disc_hu: float
    noise_hu: float


def _draw_kidneys(rng: np.random.Generator, *, scale: float, spine_y: float, hu: float) -> Tuple[Kidney, Kidney]:
    """Right, left. The left one is longer, slimmer and lies higher, as in most people."""

    def draw(side: int, z: float, radii: Tuple[float, float, float]) -> Kidney:
        centre = (side * rng.uniform(60, 66) * scale, spine_y - rng.uniform(6, 12) * scale, z)
        sizes = tuple(float(radius * scale * rng.uniform(0.92, 1.08)) for radius in radii)
        shape = Ellipsoid(centre, (sizes[0], sizes[1], sizes[2]), hu * rng.uniform(0.95, 1.05))
        return Kidney(shape, tilt=-side * rng.uniform(0.08, 0.2), bend=-side * rng.uniform(0.012, 0.02))

    right_z = rng.uniform(-6, 10)
    right = draw(-1, right_z, (25.0, 21.0, 48.0))
    return right, draw(1, right_z + rng.uniform(10, 22), (22.5, 19.0, 56.0))


def _draw_loops(rng: np.random.Generator, *, hull: Tuple[float, float], contrast: bool) -> Tuple[Loop, ...]:
    """Ascending and descending colon, then small bowel wherever it falls in the front two thirds."""
    loops = []
    for side in (-1, 1):
        radius = rng.uniform(14, 24)
        shape = Ellipsoid(
            (side * hull[0] * 0.66, rng.uniform(-25, 0), rng.uniform(-40, 40)), (radius, radius, 160.0), rng.uniform(0, 50)
        )
        loops.append(Loop(shape, gas=float(rng.choice([0.0, rng.uniform(0.3, 0.9)]))))
    for _ in range(int(rng.integers(14, 26))):
        x, y = hull[0] * rng.uniform(-0.6, 0.6), hull[1] * rng.uniform(-0.75, 0.0)
        radius = rng.uniform(9, 19)
        content = rng.uniform(120, 300) if contrast and rng.random() < 0.25 else rng.uniform(5, 55)
        shape = Ellipsoid(
            (x, y, rng.uniform(-110, 110)), (radius * rng.uniform(0.9, 1.8), radius, radius * rng.uniform(1, 3)), content
        )
        loops.append(Loop(shape, gas=float(rng.uniform(0.2, 0.7)) if rng.random() < 0.25 else 0.0))
    return tuple(loops)


def draw_abdomen(rng: np.random.Generator) -> Abdomen:
    """A patient at random: build, posture, organs, contrast phase and the scanner's noise."""
    scale = rng.uniform(0.9, 1.1)
    hull = (rng.uniform(125, 150) * scale, rng.uniform(86, 104) * scale)
    spine_y = hull[1] - rng.uniform(57, 62) * scale
    contrast = bool(rng.random() < 0.5)
    organ_hu = rng.uniform(90, 120) if contrast else rng.uniform(48, 65)
    return Abdomen(
        scale=scale,
        hull=hull,
        squareness=rng.uniform(2.15, 2.6),
        bumps=tuple((float(rng.normal(0, 0.008)), float(rng.uniform(0, 2 * np.pi))) for _ in range(4)),
        fat=(float(np.clip(rng.lognormal(2.9, 0.45), 7, 45)), rng.uniform(-0.1, 0.35), rng.uniform(-0.2, 0.3)),
        wall=rng.uniform(13, 21) * scale,
        spine_y=spine_y,
        spine_z=rng.uniform(-17, 17),
        muscle_size=rng.uniform(0.85, 1.12),
        kidneys=_draw_kidneys(rng, scale=scale, spine_y=spine_y, hu=rng.uniform(140, 200) if contrast else rng.uniform(28, 38)),
        liver=Ellipsoid((-62 * scale, -18.0, rng.uniform(85, 115)), (72 * scale, 68 * scale, 90.0), organ_hu),
        spleen=Ellipsoid((84 * scale, 12.0, rng.uniform(95, 120)), (30 * scale, 44 * scale, 55.0), organ_hu * 1.05),
        loops=_draw_loops(rng, hull=hull, contrast=contrast),
        shift=(float(rng.uniform(-10, 10)), float(rng.uniform(-8, 8))),
        rotation=float(rng.normal(0, 0.05)),
        fat_share=float(rng.uniform(0.03, 0.16)),
        streaks=draw_wave_field(rng, wavelengths_mm=(9.0, 26.0), stretch_z=3.0),
        mottle=draw_wave_field(rng, wavelengths_mm=(15.0, 70.0)),
        muscle_hu=rng.uniform(42, 64),
        fat_hu=rng.uniform(-112, -98),
        visceral_hu=rng.uniform(-104, -88),
        skin_hu=rng.uniform(5, 40),
        marrow_hu=rng.uniform(130, 240),
        cortex_hu=rng.uniform(450, 800),
        vessel_hu=rng.uniform(140, 220) if contrast else rng.uniform(35, 48),
        disc_hu=rng.uniform(70, 100),
        noise_hu=float(rng.uniform(8, 22)),
    )


def abdomen_of(seed: int) -> Abdomen:
    """The patient of a seed, the same on every grid."""
    return draw_abdomen(np.random.default_rng([seed, 0]))
