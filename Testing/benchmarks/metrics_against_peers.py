"""Dice and surface distances against MONAI's and SimpleITK's on random and awkward pairs of masks.

Run: python -m Testing.benchmarks.metrics_against_peers
Writes results/metrics_against_peers.md beside itself: the largest difference per metric and family of cases.
"""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from SSLSegmentationLib.imaging.agreement import dice
from SSLSegmentationLib.imaging.agreement.distances import surface_distances
from Testing.imaging.agreement.peers import (
    MaskPair,
    mask_pairs,
    monai_metrics,
    monai_surface_metrics,
    simpleitk_metrics,
)

PEERS = {"MONAI": monai_metrics, "MONAI's surfaces in float64": monai_surface_metrics, "SimpleITK": simpleitk_metrics}
METRICS = ("dice", "hausdorff95_mm", "hausdorff_mm", "assd_mm")


def own_metrics(pair: MaskPair) -> Dict[str, Optional[float]]:
    flat = [length == 1 for length in pair.prediction.shape]
    found = surface_distances(pair.prediction, pair.reference, spacing=pair.spacing, flat=flat)
    return {
        "dice": dice(pair.prediction, pair.reference),
        "hausdorff95_mm": found.hausdorff(percentile=95) if found else None,
        "hausdorff_mm": found.hausdorff() if found else None,
        "assd_mm": found.mean() if found else None,
    }


def largest_differences() -> Dict[Tuple[str, str, str], float]:
    """By (family, peer, metric)."""
    largest: Dict[Tuple[str, str, str], float] = defaultdict(float)
    for seed in range(5):
        for pair in mask_pairs(seed):
            own = own_metrics(pair)
            for peer, function in PEERS.items():
                for metric, value in function(pair).items():
                    key = (pair.family, peer, metric)
                    largest[key] = max(largest[key], abs(value - own[metric]))
    return largest


def difference_table() -> List[str]:
    largest = largest_differences()
    columns = [(peer, metric) for peer in PEERS for metric in METRICS if any(key[1:] == (peer, metric) for key in largest)]
    lines = [
        "| family | " + " | ".join(f"{metric}, {peer}" for peer, metric in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for family in dict.fromkeys(key[0] for key in largest):
        cells = " | ".join(f"{largest[(family, *column)]:.1e}" for column in columns)
        lines += [f"| {family} | {cells} |"]
    return lines


def empty_table() -> List[str]:
    inner = np.zeros((14, 22, 18), dtype=bool)
    inner[4:9, 6:14, 5:11] = True
    nothing = np.zeros_like(inner)
    cases = {
        "both empty": (nothing, nothing),
        "prediction empty (a miss)": (nothing, inner),
        "reference empty (invented)": (inner, nothing),
    }
    lines = ["| case | metric | ours | MONAI | SimpleITK |", "|---|---|---|---|---|"]
    for name, masks in cases.items():
        pair = MaskPair(name, *masks, (1.0, 1.0, 1.0))
        own, monai = own_metrics(pair), monai_metrics(pair)
        itk = simpleitk_metrics(pair)
        for metric in METRICS:
            cells = ["none" if values.get(metric, "–") is None else values.get(metric, "–") for values in (own, monai, itk)]
            lines.append(f"| {name} | {metric} | {cells[0]} | {cells[1]} | {cells[2]} |")
    return lines


def main() -> None:
    warnings.simplefilter("ignore")
    text = "\n".join(
        [
            "# Metrics against MONAI and SimpleITK",
            "",
            "Largest absolute difference (Dice without unit, distances in mm). MONAI rounds distances and percentiles to",
            "float32, which alone gives up to some 1e-5 mm; from its surfaces in float64 nothing is left.",
            "",
            *difference_table(),
            "",
            "Where definitions differ: SimpleITK's Hausdorff distance runs over all voxels of a mask, ours and MONAI's over its",
            "surface, so a solid tissue against a hollow one differs. Empty masks (none = no value):",
            "",
            *empty_table(),
            "",
        ]
    )
    print(text)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    (folder / "metrics_against_peers.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
