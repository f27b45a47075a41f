"""Smooth random fields: sums of plane waves, so that any slice of any grid can be had without the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

MODES = 48


@dataclass(frozen=True)
class WaveField:
    """f(x, y, z) = Σ amplitude · cos(wave · (x, y, z) + phase): mean 0, standard deviation 1, nearly Gaussian.

    `waves` (modes, 3) in radians per mm, `phases` (modes,).
    """

    waves: npt.NDArray[np.float64]
    phases: npt.NDArray[np.float64]

    def on_plane(self, *, x: npt.NDArray[Any], y: npt.NDArray[Any], z: float) -> npt.NDArray[np.float32]:
        """Values at columns `x` and rows `y` (both 1D, mm) of the plane `z`; shape (len(y), len(x))."""
        amplitude = np.sqrt(2.0 / len(self.phases))
        along_x = np.exp(1j * np.outer(self.waves[:, 0], x))
        along_y = np.exp(1j * (np.outer(self.waves[:, 1], y) + (self.waves[:, 2] * z + self.phases)[:, None]))
        # The real part of a product of sums: a matrix product instead of modes × rows × columns cosines.
        return np.asarray(amplitude * (along_y.real.T @ along_x.real - along_y.imag.T @ along_x.imag), dtype=np.float32)


def draw_wave_field(rng: np.random.Generator, *, wavelengths_mm: Tuple[float, float], stretch_z: float = 1.0) -> WaveField:
    """Waves in random directions with lengths uniform in `wavelengths_mm`; `stretch_z` > 1 makes streaks along z."""
    directions = rng.normal(size=(MODES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(*wavelengths_mm, size=(MODES, 1))
    waves = 2 * np.pi * directions / lengths
    waves[:, 2] /= stretch_z
    return WaveField(waves=waves, phases=rng.uniform(0, 2 * np.pi, size=MODES))
