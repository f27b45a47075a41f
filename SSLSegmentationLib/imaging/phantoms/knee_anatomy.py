"""The anatomy of one made-up right knee: what is drawn at random, as plain data, in mm, ms and arbitrary units.

Knee axes: x to the left (medial in a right knee), y to the back, z to the head; the origin is the middle of the joint line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from SSLSegmentationLib.imaging.phantoms.fields import WaveField, draw_wave_field

# T2 in ms (lowest, highest) and proton density (arbitrary) of what is drawn, at 3 T.
T2_RANGES: Dict[str, Tuple[float, float]] = {
    "femoral_cartilage": (36.0, 46.0),
    "tibial_cartilage": (31.0, 41.0),
    "patellar_cartilage": (33.0, 43.0),
    "meniscus": (10.0, 15.0),
    "marrow": (45.0, 60.0),
    "cortex": (4.0, 6.0),
    "muscle": (30.0, 38.0),
    "fat": (60.0, 80.0),
    "fluid": (180.0, 300.0),
    "ligament": (7.0, 11.0),
}
DENSITY: Dict[str, Tuple[float, float]] = {
    "femoral_cartilage": (700.0, 800.0),
    "tibial_cartilage": (680.0, 790.0),
    "patellar_cartilage": (700.0, 820.0),
    "meniscus": (450.0, 560.0),
    "marrow": (300.0, 420.0),
    "cortex": (120.0, 180.0),
    "muscle": (560.0, 680.0),
    "fat": (380.0, 520.0),
    "fluid": (880.0, 980.0),
    "ligament": (300.0, 420.0),
}


@dataclass(frozen=True)
class Knee:
    """One knee. Lengths in mm; `t2` and `density` by material."""

    scale: float
    condyles: Tuple[Tuple[float, float, float], ...]  # x, radius in y, radius in z; lateral, medial
    condyle_width: float
    cartilage: Tuple[float, float, float]  # thickness: femoral, tibial, patellar
    gap: float  # height of the joint space between the cartilages
    meniscus: Tuple[float, float]  # height and width of the wedge
    patella: Tuple[float, float, float]  # y, z, tilt in radians
    patella_radii: Tuple[float, float, float]
    skin_radius: float
    effusion: float  # thickness of the fluid in the front recess, 0 or more
    shift: Tuple[float, float, float]
    flexion: float  # angle of the shaft of the femur, in radians
    texture: WaveField
    bias: WaveField
    t2: Dict[str, float]
    density: Dict[str, float]
    noise: float


def draw_knee(rng: np.random.Generator) -> Knee:
    """A knee at random: size, shape, thickness of the cartilage, T2, coil profile and noise."""
    scale = rng.uniform(0.9, 1.1)
    radius = rng.uniform(27, 31) * scale
    return Knee(
        scale=scale,
        condyles=(
            (-22.0 * scale, radius * rng.uniform(0.97, 1.06), radius * rng.uniform(0.78, 0.86)),
            (22.0 * scale, radius * rng.uniform(0.94, 1.03), radius * rng.uniform(0.8, 0.9)),
        ),
        condyle_width=rng.uniform(15.5, 17.5) * scale,
        cartilage=(rng.uniform(2.2, 3.2), rng.uniform(2.1, 3.0), rng.uniform(2.6, 3.8)),
        gap=rng.uniform(0.6, 1.4),
        meniscus=(rng.uniform(6.0, 8.0) * scale, rng.uniform(9.5, 12.5) * scale),
        patella=(-rng.uniform(46, 49) * scale, rng.uniform(22, 34), rng.normal(0, 0.12)),
        patella_radii=(19.0 * scale, rng.uniform(8.5, 10.5) * scale, rng.uniform(17, 21) * scale),
        skin_radius=rng.uniform(58, 68) * scale,
        effusion=float(max(0.0, rng.normal(0.8, 1.2))),
        shift=(float(rng.normal(0, 2)), float(rng.normal(0, 4)), float(rng.normal(0, 4))),
        flexion=float(rng.uniform(0.0, 0.2)),
        texture=draw_wave_field(rng, wavelengths_mm=(6.0, 30.0)),
        bias=draw_wave_field(rng, wavelengths_mm=(180.0, 400.0)),
        t2={name: float(rng.uniform(*span)) for name, span in T2_RANGES.items()},
        density={name: float(rng.uniform(*span)) for name, span in DENSITY.items()},
        noise=float(rng.uniform(5, 12)),
    )
