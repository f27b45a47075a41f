"""What a pretext task does to some slices of the data: corrupted, target and difference, drawn to a picture. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import replacing
from SSLSegmentationLib.imaging.corruption import CORRUPTIONS, PAIRED
from SSLSegmentationLib.imaging.dataset import read_case, training_cases
from SSLSegmentationLib.imaging.masks import pool_of_config
from SSLSegmentationLib.imaging.preprocess import (
    PreparedGrid,
    PreprocessPlan,
    fit_to_shape,
    open_prepared,
    plan_preprocessing,
    training_shape,
)
from SSLSegmentationLib.imaging.readers import read_geometry
from SSLSegmentationLib.imaging.scan import Case

# Cases that are shown, one row each.
MOST_ROWS = 4

Image = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PreviewRow:
    """One case: target and corrupted image (C, *training shape), and the mask of the corrupted voxels."""

    case: str
    target: Image
    corrupted: Image
    mask: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Preview:
    """Some corrupted cases and the facts about the masks. Areas are shares of the training shape, means over the pool."""

    task: str
    shape: tuple[int, ...]
    patch_size: int
    masks: int
    corrupted_area: float
    displaced_area: float
    rows: tuple[PreviewRow, ...]

    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "task": self.task,
            "training_shape": list(self.shape),
            "patch_size": self.patch_size,
            "masks": self.masks,
            "corrupted_area": self.corrupted_area,
            "displaced_area": self.displaced_area,
            "cases": [row.case for row in self.rows],
        }


def make_preview(config: Config) -> Preview:
    """Corrupts the middle of the first training cases as pretraining would; the same config gives the same preview."""
    task = config.pretext.task
    if task not in CORRUPTIONS:
        known = " and ".join(CORRUPTIONS)
        raise SSLSegmentationError("config.conflict", f"There is no preview of {task}.", hint=f"preview shows {known}.")
    found = training_cases(config, purpose="pretrain")
    geometries = [read_geometry(case.images[0]) for case in found.train]
    plan = plan_preprocessing(config, geometries, channels=len(found.channels))
    shape = training_shape(config, [PreparedGrid.of(geometry, plan).shape for geometry in geometries])
    pool = pool_of_config(config, shape=shape, pairs=config.pretext.task in PAIRED)
    rng = np.random.default_rng(config.seed)
    shown = _spread(found.train)
    targets = np.stack([_middle(case, plan, shape) for case in shown])
    draw = pool.draw(rng, len(shown))
    corrupted = CORRUPTIONS[task](targets, pool, draw)
    masks = pool.masks(draw)
    rows = tuple(PreviewRow(case.id, *parts) for case, *parts in zip(shown, targets, corrupted, masks, strict=True))
    return Preview(task, shape, pool.patch_size, len(pool), float(pool.corrupted.mean()), float(pool.displaced.mean()), rows)


def draw_picture(preview: Preview, path: Path) -> None:
    """A PNG with one row a case: corrupted, target, difference. Volumes are shown by their slice with the most corruption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    titles = ("corrupted", "target", "corrupted − target")
    figure = Figure(figsize=(9, 3.2 * len(preview.rows) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(preview.rows), len(titles), squeeze=False)
    for line, row in zip(axes, preview.rows, strict=True):
        corrupted, target = _plane(row.corrupted, row.mask), _plane(row.target, row.mask)
        low, high = np.percentile(target, (0.5, 99.5))
        difference = corrupted - target
        reach = float(np.abs(difference).max()) or 1.0
        line[0].imshow(corrupted, cmap="gray", vmin=low, vmax=high)
        line[1].imshow(target, cmap="gray", vmin=low, vmax=high)
        shown = line[2].imshow(difference, cmap="RdBu_r", vmin=-reach, vmax=reach)
        figure.colorbar(shown, ax=line[2], shrink=0.8, label="SD of the image")
        line[0].set_ylabel(row.case)
        for axis in line:
            axis.set(xticks=[], yticks=[])
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    size = "×".join(str(value) for value in preview.shape)
    figure.suptitle(
        f"{preview.task}, patches of {preview.patch_size}, {size}: {preview.displaced_area:.1%} of the area displaced"
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _spread(cases: Sequence[Case]) -> list[Case]:
    """At most `MOST_ROWS` cases, evenly over all of them."""
    numbers = np.unique(np.linspace(0, len(cases) - 1, MOST_ROWS).round().astype(int))
    return [cases[number] for number in numbers]


def _middle(case: Case, plan: PreprocessPlan, shape: tuple[int, ...]) -> Image:
    """The middle slice (2D) or the middle of the volume (3D), cropped or padded to the training shape: (C, *shape)."""
    source = open_prepared(read_case(case), plan)
    slices = source.shape[1]
    image = source.read(slices // 2, slices // 2 + 1)[:, 0] if len(shape) == 2 else source.read(0, slices)
    fitted, _ = fit_to_shape(image, shape)
    return fitted


def _plane(image: Image, mask: npt.NDArray[np.bool_]) -> Image:
    """The first channel; of a volume the slice with the most corrupted voxels."""
    plane: Image = image[0] if mask.ndim == 2 else image[0, int(np.argmax(mask.sum(axis=(1, 2))))]
    return plane
