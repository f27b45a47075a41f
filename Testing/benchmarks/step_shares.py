"""Time of augmentation (change by change) and of corruption, and their shares of a training step with preset `default`.

    python -m Testing.benchmarks.step_shares [--threads 2] [--repeats 30] [--device cpu]

Times are medians of the named number of repeats after a warm-up, of batches of noise with labels: what is drawn differs
from repeat to repeat. Writes results/step_shares.json beside this file (results/step_shares_cuda.json on a GPU).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from SSLSegmentationLib.contract.config import AugmentConfig, Config
from SSLSegmentationLib.learning.augmentation import apply_augmentation, draw_augmentation
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.device import find_cuda
from SSLSegmentationLib.learning.losses import dice_cross_entropy_loss
from SSLSegmentationLib.learning.networks import build_network
from SSLSegmentationLib.learning.precision import computing_in, decide_precision
from SSLSegmentationLib.learning.pretext import TASKS
from Testing.learning.cases import cached_case

RESULTS = Path(__file__).resolve().parent / "results"
TISSUES = 2


@dataclass(frozen=True)
class Setup:
    """One training situation: spatial shape, images a batch, the U-Net's base width and levels.

    In 2D each slice has its two neighbours as further channels, as by default.
    """

    name: str
    shape: tuple[int, ...]
    batch: int
    base_width: int
    levels: int

    @property
    def neighbours(self) -> int:
        return int(len(self.shape) == 2)

    @property
    def channels(self) -> int:
        return 1 + 2 * self.neighbours


SETUPS = (
    Setup("2D, 24 slices of 56×40, width 16", (56, 40), 24, 16, 4),
    Setup("2D, 24 slices of 64×48, width 16", (64, 48), 24, 16, 4),
    Setup("3D, 2 crops of 40×56×40, width 16", (40, 56, 40), 2, 16, 4),
)


def only(config: AugmentConfig, change: str) -> AugmentConfig:
    """The config with one change drawn always and no other."""
    names = [field.name for field in dataclasses.fields(config) if field.name.endswith("_probability")]
    return dataclasses.replace(config, **{name: float(name == f"{change}_probability") for name in names})


def milliseconds(work: Callable[[], Any], *, repeats: int, device: torch.device) -> float:
    """Median time of `work` after three calls of warm-up."""
    times = []
    for repeat in range(repeats + 3):
        begin = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if repeat >= 3:
            times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def measure(setup: Setup, *, repeats: int, device: torch.device, precision: str) -> dict[str, Any]:
    """Times of one setup in ms."""
    rng = np.random.default_rng(0)
    shape, batch = setup.shape, setup.batch
    images = torch.randn(batch, setup.channels, *shape, device=device)
    labels = torch.randint(0, TISSUES + 1, (batch, *shape), dtype=torch.uint8, device=device)
    valid = torch.ones(batch, 1, *shape, device=device)
    default = AugmentConfig()

    def augment(config: AugmentConfig) -> tuple[Any, Any, Any]:
        drawn = draw_augmentation(config, shape=shape, batch=batch, channels=setup.channels, rng=rng)
        return apply_augmentation(images, labels, valid, drawn, tissues=TISSUES)

    plan = {"name": "unet", "dims": len(shape), "base_width": setup.base_width, "levels": setup.levels}
    network = build_network({**plan, "in_channels": setup.channels, "out_channels": TISSUES + 1}).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)

    def step(batch: tuple[Any, Any, Any]) -> None:
        with computing_in(precision, device):
            loss = dice_cross_entropy_loss(network(batch[0]), batch[1], batch[2])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def timed(work: Callable[[], Any], repeats: int = repeats) -> float:
        return round(milliseconds(work, repeats=repeats, device=device), 3)

    changes = [
        field.name.removesuffix("_probability") for field in dataclasses.fields(default) if field.name.endswith("_probability")
    ]
    each = {change: timed(lambda change=change: augment(only(default, change))) for change in changes}  # type: ignore[misc]  # a default binds the loop variable
    drawing = timed(lambda: draw_augmentation(default, shape=shape, batch=batch, channels=setup.channels, rng=rng))
    total = timed(lambda: augment(default), 3 * repeats)
    cutting = tilted_cut(setup, rng=rng, timed=timed)
    without = timed(lambda: step((images, labels, valid)), 10)
    with_augmentation = timed(lambda: step(augment(default)), 10)
    return {
        **dataclasses.asdict(setup),
        "ms_of_each_change_on_all_images": each,
        "ms_drawing": drawing,
        "ms_augmentation_with_default_probabilities": total,
        "ms_network_step": without,
        "ms_step_with_augmentation": with_augmentation,
        "ms_tilting": cutting,
        "share_of_augmentation": round((total + cutting) / (without + total + cutting), 4),
        "corruption": {name: corruption_share(name, setup, images, step_ms=without, timed=timed) for name in sorted(TASKS)},
    }


def tilted_cut(setup: Setup, *, rng: np.random.Generator, timed: Callable[[Callable[[], Any]], float]) -> float:
    """What cutting a batch's slices at a tilt takes beyond cutting them straight; 0 in 3D."""
    if len(setup.shape) == 3:
        return 0.0
    cases = tuple(cached_case(f"case {number}", shape=(36, *setup.shape)) for number in range(9))
    source = BatchSource(cases, shape=setup.shape, neighbour_slices=setup.neighbours)
    draws = iter([source.draw(rng, setup.batch) for _ in range(1000)])
    tilted = timed(lambda: source.cut(source.with_tilts(next(draws), AugmentConfig(), rng)))
    return round(tilted - timed(lambda: source.cut(next(draws))), 3)


def corruption_share(
    name: str, setup: Setup, images: Tensor, *, step_ms: float, timed: Callable[[Callable[[], Any]], float]
) -> dict[str, float]:
    """Time of drawing and applying one batch's corruption (Poisson-disc patches of side 8) and its share of a step."""
    task = TASKS[name]
    config = dataclasses.replace(Config(), pretext=dataclasses.replace(Config().pretext, patch_size=8))
    prepared = task.prepare(config, shape=setup.shape)
    rng = np.random.default_rng(0)
    spent = timed(lambda: task.corrupt(images, prepared, task.draw(prepared, rng, setup.batch)))
    return {"ms": spent, "share_of_step": round(spent / (step_ms + spent), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    precision = decide_precision("auto", device=options.device, cuda=find_cuda())
    result = {
        "torch": torch.__version__,
        "device": options.device if device.type == "cpu" else torch.cuda.get_device_name(device),
        "threads": options.threads,
        "precision": precision,
        "setups": [measure(setup, repeats=options.repeats, device=device, precision=precision) for setup in SETUPS],
    }
    RESULTS.mkdir(exist_ok=True)
    name = "step_shares.json" if device.type == "cpu" else "step_shares_cuda.json"
    (RESULTS / name).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
