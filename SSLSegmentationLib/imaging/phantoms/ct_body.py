"""`ct_body`: an abdominal CT volume around the kidneys."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

import numpy as np
from scipy import ndimage

from SSLSegmentationLib.imaging.phantoms.abdomen_anatomy import abdomen_of
from SSLSegmentationLib.imaging.phantoms.abdomen_slice import ABDOMEN_TISSUES, AbdomenSlices
from SSLSegmentationLib.imaging.phantoms.phantom import FloatSlice, Phantom, TissueTruth, centred_geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

FIELD_OF_VIEW_MM = 400.0
# Standard deviation, in pixels, of the scanner's blur and of the noise's grain.
BLUR_PIXELS = 0.45
GRAIN_PIXELS = 0.6
# Height of the middle of the default volume above the upper edge of L3, so that both kidneys lie inside.
CENTRE_MM = 8.0

_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def _noise(rng: np.random.Generator, *, shape: Sequence[int], sigma: float) -> FloatSlice:
    """Noise of standard deviation `sigma` HU with the grain of a reconstructed slice."""
    white = rng.standard_normal(tuple(shape), dtype=np.float32)
    grain = ndimage.gaussian_filter(white, GRAIN_PIXELS, mode="wrap")
    # Every pixel has the same variance under "wrap", so the factor is the same for all noise of this grain.
    impulse = np.zeros((33, 33), dtype=np.float32)
    impulse[16, 16] = 1
    gain = np.sqrt(np.square(ndimage.gaussian_filter(impulse, GRAIN_PIXELS)).sum())
    return np.asarray(grain * np.float32(sigma / gain), dtype=np.float32)


def make_ct_body(
    *,
    seed: int,
    shape: Sequence[int] = (24, 96, 96),
    spacing: Optional[Sequence[float]] = None,
    centre_mm: float = CENTRE_MM,
    on_progress: Optional[Callable[[float], None]] = None,
) -> Phantom:
    """An abdomen drawn from `seed`.

    `shape` is (slices, rows, columns), `spacing` (columns, rows, slices) in mm; by default a field of view of 400 mm
    and slices that span 144 mm. `centre_mm` is the height of the middle slice above the upper edge of L3.
    Slices are made one by one, so memory is that of the result (3 bytes a voxel). The anatomy depends on the seed only,
    not on the grid.
    """
    slices, rows, columns = (int(value) for value in shape)
    if spacing is None:
        spacing = (FIELD_OF_VIEW_MM / columns, FIELD_OF_VIEW_MM / rows, 144.0 / slices)
    geometry = centred_geometry(shape=(slices, rows, columns), spacing=spacing, direction=_AXIAL)
    anatomy = abdomen_of(seed)
    x = geometry.origin[0] + geometry.spacing[0] * np.arange(columns)
    y = geometry.origin[1] + geometry.spacing[1] * np.arange(rows)
    draw = AbdomenSlices(anatomy, x=x, y=y, pixel_mm=max(geometry.spacing[:2]))
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    image = np.zeros(geometry.shape, dtype=np.int16)
    truth = TissueTruth(tissues=ABDOMEN_TISSUES, geometry=geometry)
    for index in range(slices):
        labels[index], sharp = draw.draw(geometry.origin[2] + geometry.spacing[2] * index + centre_mm)
        clean = ndimage.gaussian_filter(sharp, BLUR_PIXELS, mode="nearest")
        rng = np.random.default_rng([seed, 1, index])
        noisy = clean + _noise(rng, shape=clean.shape, sigma=anatomy.noise_hu)
        image[index] = np.clip(np.rint(noisy), -1024, 3071)
        truth.add_slice(labels=labels[index], clean=clean, noisy=image[index])
        if on_progress is not None:
            on_progress((index + 1) / slices)
    kidneys = {
        name: {"analytic_volume_ml": kidney.volume_ml} for name, kidney in zip(("kidney_right", "kidney_left"), anatomy.kidneys)
    }
    return Phantom(
        scans={"ct": Scan(image, geometry)},
        label_map=LabelMap(labels, geometry, ABDOMEN_TISSUES),
        tissues=ABDOMEN_TISSUES,
        truth={"unit": "HU", "noise_sd": anatomy.noise_hu, "tissues": truth.as_dict(extra=kidneys)},
    )
