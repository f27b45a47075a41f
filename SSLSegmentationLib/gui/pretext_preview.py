"""What a pretext task does to a volume of the scene, as pictures: computed here, without a backend.

The masks, the corruption and the preprocessing are the engine's own, but for two things, which spare reading the whole scan:
the mean that erased patches get is that of the slice that is shown (in 3D of the block around it), and where the training
resamples across slices, a 2D preview shows the scan's own slice.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.corruption import CORRUPTIONS, PAIRED
from SSLSegmentationLib.imaging.masks import MaskPool, PoolDraw, first_mask_steps
from SSLSegmentationLib.imaging.preprocess import (
    PreparedGrid,
    PreparedSource,
    PreprocessPlan,
    fit_to_shape,
    open_prepared,
    plan_preprocessing,
    training_shape,
)
from SSLSegmentationLib.imaging.preprocess.resampling import slabs
from SSLSegmentationLib.imaging.scan import Scan

# Darkest and brightest grey lie at these percentiles of the original slice.
WINDOW_PERCENTILES = (0.5, 99.5)
# Masks that are kept, so that going through the slices draws none again.
_MOST_MASKS = 8
# Voxels that are prepared, and patches that are changed, in one step: whole pairs.
_STEP_VOXELS = 1 << 18
_STEP_PATCHES = 2048

Picture = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Preview:
    """One slice on the training shape, (rows, columns) of grey values each, the first row on top of the screen.

    `difference` is 0 where nothing was changed. `displaced` is the share of the training shape whose values are not their
    own any more, `patch_size` what was used (in voxels). `spacing` in mm between rows and between columns. `index` counts
    the slices of `count` from 0, along the axis `slice_axis`. `shape` is the training shape.
    """

    original: Picture
    corrupted: Picture
    difference: Picture
    displaced: float
    patch_size: int
    spacing: Tuple[float, float]
    index: int
    count: int
    slice_axis: str
    shape: Tuple[int, ...]


class Masks:
    """The first mask of each setting, drawn once."""

    def __init__(self) -> None:
        self._known: OrderedDict[Any, MaskPool] = OrderedDict()

    def of(self, config: Config, shape: Sequence[int]) -> Steps[MaskPool]:
        """The first mask that pretraining with `config` draws. Raises `config.infeasible`, naming a size that fits."""
        pretext = config.pretext
        key = (tuple(shape), pretext.patch_size, pretext.corrupted_area, pretext.sampling, pretext.task in PAIRED, config.seed)
        if key not in self._known:
            steps = first_mask_steps(
                shape=shape,
                patch_size=pretext.patch_size,
                area=pretext.corrupted_area,
                sampling=pretext.sampling,
                pairs=pretext.task in PAIRED,
                seed=config.seed,
            )
            self._known[key] = yield from _with_progress(steps)
            while len(self._known) > _MOST_MASKS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


def preview_slice(
    volume: Any, config: Config, *, index: Optional[int] = None, share: Optional[float] = None, masks: Optional[Masks] = None
) -> Steps[Preview]:
    """What the pretext task of `config` does to a slice of a volume node: the slice `index`, else the one at `share` (0 to 1).

    `masks` keeps masks for the next call. Raises `config.conflict` for a task that has no picture, `config.infeasible` where
    the corrupted area can't be had, and as `volumes.scan_of`.
    """
    task = config.pretext.task
    if task not in CORRUPTIONS:
        raise SSLSegmentationError(
            "config.conflict",
            _("There is no preview of this task: it does more than change a picture."),
            hint=_("The tasks with a preview are: {names}.").format(
                names=", ".join(name.replace("_", " ") for name in CORRUPTIONS)
            ),
        )
    scan = volumes.scan_of(volume)
    plan = plan_preprocessing(config, [scan.geometry], channels=1)
    # All channels are corrupted alike, and one is shown.
    plan = replace(plan, windows=plan.windows[:1])
    grid = PreparedGrid.of(scan.geometry, plan)
    shape = training_shape(config, [grid.shape])
    count = grid.turned_shape[0]
    number = round((0.5 if share is None else share) * (count - 1)) if index is None else index
    number = min(max(number, 0), count - 1)
    pool = yield from (masks or Masks()).of(config, shape)
    yield _drawing()
    if len(shape) == 3:
        image, plane = yield from _block(scan, grid, plan, number, shape)
    else:
        image, plane = _slice(scan, grid, plan, number, shape), None
    yield _drawing()
    corrupted = yield from _corrupted(task, image, pool)
    return _pictures(
        _shown(image, plane, plan.slice_axis),
        _shown(corrupted, plane, plan.slice_axis),
        displaced=float(pool.displaced[0]),
        patch_size=pool.patch_size,
        spacing=(grid.spacing[1], grid.spacing[2]),
        index=number,
        count=count,
        slice_axis=plan.slice_axis,
        shape=tuple(shape),
    )


def slice_axis_of(volume: Any, config: Config) -> Tuple[str, int, bool]:
    """The plane in which slices of a volume are learned, its array axis, and whether slices count against that axis."""
    geometry = volumes.geometry_of(volume)
    plan = plan_preprocessing(config, [geometry], channels=1)
    turn = PreparedGrid.of(geometry, plan).turn
    return plan.slice_axis, turn.axes[0], turn.flips[0]


def _corrupted(task: str, image: FloatArray, pool: MaskPool) -> Steps[FloatArray]:
    """The image as the first mask of the pool changes it: patch after patch, so some at a time give the same."""
    (corners,), draw = pool.corners, PoolDraw(np.zeros(1, np.int64), np.zeros(1, np.int64))
    for start in range(0, len(corners), _STEP_PATCHES):
        some = replace(pool, corners=(corners[start : start + _STEP_PATCHES],))
        image = CORRUPTIONS[task](image[None], some, draw)[0]
        yield _drawing()
    return image


def _drawing() -> Progress:
    return Progress(_("Drawing the preview …"))


def _with_progress(steps: Any) -> Steps[MaskPool]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            pool: MaskPool = end.value
            return pool
        yield Progress(_("Placing the patches …"))


def _cut(scan: Scan, grid: PreparedGrid, plan: PreprocessPlan, parts: Sequence[slice]) -> PreparedSource:
    """A block of the scan, given by its ranges on the turned axes, ready to be read slice by slice."""
    ranges: List[slice] = [slice(None)] * 3
    for axis, flip, size, part in zip(grid.turn.axes, grid.turn.flips, grid.turned_shape, parts):
        ranges[axis] = slice(size - part.stop, size - part.start) if flip else part
    array = scan.array[tuple(ranges)]
    sizes = (array.shape[0], array.shape[1], array.shape[2])
    return open_prepared([Scan(array=array, geometry=replace(scan.geometry, shape=sizes))], plan)


def _slice(scan: Scan, grid: PreparedGrid, plan: PreprocessPlan, number: int, shape: Sequence[int]) -> FloatArray:
    """The slice on the training shape: (1, rows, columns)."""
    _slices, rows, columns = grid.turned_shape
    source = _cut(scan, grid, plan, (slice(number, number + 1), slice(0, rows), slice(0, columns)))
    middle = source.shape[1] // 2
    return fit_to_shape(source.read(middle, middle + 1)[:, 0], shape)[0]


def _block(
    scan: Scan, grid: PreparedGrid, plan: PreprocessPlan, number: int, shape: Sequence[int]
) -> Steps[Tuple[FloatArray, Optional[int]]]:
    """The block of the training shape around a slice, (1, *shape), and the slice's position in it."""
    parts = []
    for axis, (size, prepared, wanted) in enumerate(zip(grid.turned_shape, grid.shape, shape)):
        length = min(size, -(-wanted * size // prepared))
        middle = number if axis == 0 else size // 2
        start = min(max(middle - length // 2, 0), size - length)
        parts.append(slice(start, start + length))
    source = _cut(scan, grid, plan, parts)
    yield _drawing()
    block = np.empty(source.shape, dtype=np.float32)
    for low, high in slabs((source.shape[1], source.shape[2], source.shape[3]), _STEP_VOXELS):
        block[:, low:high] = source.read(low, high)
        yield _drawing()
    position = round((number - parts[0].start) * (block.shape[1] - 1) / max(1, parts[0].stop - parts[0].start - 1))
    fitted = fit_to_shape(block, shape)[0]
    return fitted, min(max(position + (shape[0] - block.shape[1]) // 2, 0), shape[0] - 1)


def _shown(image: FloatArray, plane: Optional[int], slice_axis: str) -> FloatArray:
    """The first channel's slice as a screen shows it: front or head on top."""
    shown: FloatArray = image[0] if plane is None else image[0, plane]
    return shown if slice_axis == "axial" else shown[::-1]


def _pictures(original: FloatArray, corrupted: FloatArray, **facts: Any) -> Preview:
    low, high = (float(value) for value in np.percentile(original, WINDOW_PERCENTILES))
    scale = 255.0 / (high - low if high > low else 1.0)
    change = np.abs(corrupted - original) * scale
    return Preview(_grey((original - low) * scale), _grey((corrupted - low) * scale), _grey(change), **facts)


def _grey(values: FloatArray) -> Picture:
    return np.ascontiguousarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
