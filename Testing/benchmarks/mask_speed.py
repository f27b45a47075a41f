"""Time to make a pool of 100 masks, and the statistics of its Poisson-disc placement.

    python -m Testing.benchmarks.mask_speed [--repeats 5]

Times are medians of the named number of repeats, with another seed each time; `inner_half` is the share of patches in the
inner half (by area) of the allowed positions: 0.5 is uniform, more would be a bias to the centre.
Writes results/mask_speed.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from SSLSegmentationLib.imaging.masks import make_pool
from SSLSegmentationLib.imaging.masks.lattice import find_layout
from SSLSegmentationLib.imaging.masks.poisson_disc import PoissonDisc
from SSLSegmentationLib.imaging.masks.sizes import patches_needed
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule

RESULTS = Path(__file__).resolve().parent / "results"
MASKS = 100
AREA = 0.25


def pool_times(*, shape: tuple[int, ...], patch_size: int, sampling: str, pairs: bool, repeats: int) -> dict[str, Any]:
    """Wall and CPU time of one pool, and the area that it really corrupts and displaces."""
    seconds, cpu = [], []
    for seed in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        pool = make_pool(shape=shape, patch_size=patch_size, area=AREA, sampling=sampling, count=MASKS, pairs=pairs, seed=seed)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return {
        "shape": list(shape),
        "patch_size": patch_size,
        "sampling": sampling,
        "pairs": pairs,
        "masks": MASKS,
        "seconds": round(statistics.median(seconds), 3),
        "cpu_seconds": round(statistics.median(cpu), 3),
        "corrupted_area": round(float(pool.corrupted.mean()), 4),
        "displaced_area": round(float(pool.displaced.mean()), 4),
    }


def placement_statistics(*, shape: tuple[int, int], patch_size: int) -> dict[str, Any]:
    """Smallest distance of two centres over the pool in units of the patch side, and where the patches lie."""
    rule = SpacingRule(shape, patch_size)
    number = patches_needed(shape=shape, patch_size=patch_size, area=AREA, pairs=True)
    layout = find_layout(rule, number)
    assert layout is not None
    place = PoissonDisc(rule=rule, number=number, layout=layout)
    drawn = [place.draw(np.random.default_rng((0, mask))) for mask in range(MASKS)]
    smallest = min(
        float(np.sqrt(((corners[:, None] - corners[None])[np.triu_indices(number, 1)] ** 2).sum(axis=-1)).min())
        for corners in drawn
    )
    ring = np.abs(np.concatenate(drawn) / (np.array(shape) - patch_size) - 0.5).max(axis=1) * 2
    return {
        "shape": list(shape),
        "patch_size": patch_size,
        "patches": number,
        "smallest_distance_in_patch_sides": round(smallest / patch_size, 4),
        "inner_half": round(float((ring < np.sqrt(0.5)).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="time to make masks")
    parser.add_argument("--repeats", type=int, default=5, help="pools of each kind (5)")
    arguments = parser.parse_args()
    runs = [
        ((512, 512), 32, "poisson_disc", True),
        ((512, 512), 32, "poisson_disc", False),
        ((512, 512), 32, "random", True),
        ((512, 512), 64, "poisson_disc", True),
        ((512, 512), 16, "poisson_disc", True),
        ((512, 512), 8, "poisson_disc", True),
        ((40, 56), 8, "poisson_disc", True),
        ((64, 64, 64), 16, "poisson_disc", True),
    ]
    rows = [
        pool_times(shape=shape, patch_size=size, sampling=sampling, pairs=pairs, repeats=arguments.repeats)
        for shape, size, sampling, pairs in runs
    ]
    facts = {"pools": rows, "placement": [placement_statistics(shape=(512, 512), patch_size=size) for size in (64, 32, 16)]}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "mask_speed.json"
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for row in [*rows, *facts["placement"]]:
        print("  ".join(f"{key}={value}" for key, value in row.items()))
    print(path)


if __name__ == "__main__":
    main()
