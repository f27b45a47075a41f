"""`knee_mri`: a sagittal knee-like MRI with echoes of known T2: S = density · exp(−TE / T2), and noise."""

from __future__ import annotations

from typing import Dict, Optional, Sequence

import numpy as np

from SSLSegmentationLib.imaging.phantoms.knee_anatomy import draw_knee
from SSLSegmentationLib.imaging.phantoms.knee_slice import KNEE_TISSUES, LABELS, draw_knee_slice
from SSLSegmentationLib.imaging.phantoms.phantom import FloatSlice, LabelSlice, Phantom, TissueTruth, centred_geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

FIELD_OF_VIEW_MM = 140.0
WIDTH_MM = 90.0
ECHO_TIMES_MS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0)

# Columns run to the back, rows downwards, slices to the right.
_SAGITTAL = (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)


def make_knee_mri(
    *,
    seed: int,
    shape: Sequence[int] = (24, 128, 128),
    spacing: Optional[Sequence[float]] = None,
    echo_times_ms: Sequence[float] = ECHO_TIMES_MS,
    noise: Optional[float] = None,
) -> Phantom:
    """A knee drawn from `seed`: scans `echo_1`, `echo_2`, … (uint16, magnitudes) and `t2` (float32, ms; NaN in air).

    `shape` is (slices, rows, columns), `spacing` (columns, rows, slices) in mm. `noise` is the standard deviation of each
    of the two parts of the signal, by default the knee's own; 0 gives float32 echoes without noise and without rounding.
    The truth names T2 of each tissue: mean, SD and median over its voxels.
    """
    slices, rows, columns = (int(value) for value in shape)
    if spacing is None:
        spacing = (FIELD_OF_VIEW_MM / columns, FIELD_OF_VIEW_MM / rows, WIDTH_MM / slices)
    geometry = centred_geometry(shape=(slices, rows, columns), spacing=spacing, direction=_SAGITTAL)
    knee = draw_knee(np.random.default_rng([seed, 0]))
    sigma = knee.noise if noise is None else float(noise)
    x = geometry.origin[0] - geometry.spacing[2] * np.arange(slices)
    y = geometry.origin[1] + geometry.spacing[0] * np.arange(columns)
    z = geometry.origin[2] - geometry.spacing[1] * np.arange(rows)
    kind = np.float32 if sigma == 0 else np.uint16
    echoes = [np.zeros(geometry.shape, dtype=kind) for _ in echo_times_ms]
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    t2 = np.full(geometry.shape, np.nan, dtype=np.float32)
    truth = TissueTruth(tissues=KNEE_TISSUES, geometry=geometry)
    for index in range(slices):
        drawn = draw_knee_slice(knee, x=float(x[index]), y=y, z=z)
        labels[index] = drawn.labels
        wet = drawn.t2 > 0
        t2[index][wet] = drawn.t2[wet]
        rate = np.where(wet, 1 / np.where(wet, drawn.t2, 1), 0)
        for number, time in enumerate(echo_times_ms):
            clean = drawn.density * drawn.sensitivity * np.exp(-time * rate)
            echoes[number][index] = clean if sigma == 0 else _magnitude(clean, sigma=sigma, key=(seed, 1, index, number))
            if number == 0:
                truth.add_slice(labels=drawn.labels, clean=clean, noisy=echoes[0][index])
    times = {f"echo_{number}": float(time) for number, time in enumerate(echo_times_ms, start=1)}
    scans = {name: Scan(array, geometry) for name, array in zip(times, echoes)}
    return Phantom(
        scans={**scans, "t2": Scan(t2, geometry)},
        label_map=LabelMap(labels, geometry, KNEE_TISSUES),
        tissues=KNEE_TISSUES,
        truth={"unit": "", "noise_sd": sigma, "echo_times_ms": times, "tissues": truth.as_dict(extra=_t2_truth(t2, labels))},
    )


def _magnitude(clean: FloatSlice, *, sigma: float, key: Sequence[int]) -> FloatSlice:
    """Magnitude of a complex signal with Gaussian noise in both parts: Rician, as in MRI."""
    rng = np.random.default_rng(list(key))
    real, imaginary = (sigma * rng.standard_normal(clean.shape, dtype=np.float32) for _ in range(2))
    return np.asarray(np.rint(np.hypot(clean + real, imaginary)), dtype=np.float32)


def _t2_truth(t2: FloatSlice, labels: LabelSlice) -> Dict[str, Dict[str, float]]:
    facts: Dict[str, Dict[str, float]] = {}
    for name, label in LABELS.items():
        values = t2[labels == label].astype(np.float64)
        if values.size:
            facts[name] = {
                "t2_mean_ms": float(values.mean()),
                "t2_sd_ms": float(values.std()),
                "t2_median_ms": float(np.median(values)),
            }
    return facts
