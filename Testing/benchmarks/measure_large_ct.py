"""Time and memory of `measure` and `evaluate` on a 512×512×300 CT phantom with 20 tissues.

Run: python -m Testing.benchmarks.measure_large_ct
Writes results/measure_large_ct.json beside itself.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.agreement import evaluate
from SSLSegmentationLib.imaging.biomarkers import measure
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.scan import LabelMap

SHAPE = (300, 512, 512)
SPACING = (0.78, 0.78, 1.0)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    start = time.perf_counter()
    phantom = make_phantom("ct_body", seed=0, shape=SHAPE, spacing=SPACING)
    results = {"shape": SHAPE, "phantom_s": time.perf_counter() - start, "phantom_peak_mb": peak_mb()}
    scan, labels = phantom.scans["ct"], phantom.label_map.array
    # The tissues are cut into thirds along the body, so that there are more of them.
    third = (8 * (np.arange(SHAPE[0]) // 100)).astype(np.uint8)[:, None, None]
    split = np.where(labels > 0, labels + third, labels)
    split[split > 20] = 0
    label_map = LabelMap(split, scan.geometry, TissueTable.from_values(range(1, 21)))
    start = time.perf_counter()
    rows = measure(scan, label_map)
    results.update(tissues=len(rows), measure_s=time.perf_counter() - start, peak_mb_after_measure=peak_mb())
    moved = LabelMap(np.roll(split, 2, axis=2), scan.geometry, label_map.tissues)
    start = time.perf_counter()
    evaluate(moved, label_map, scan=scan)
    results.update(evaluate_s=time.perf_counter() - start, peak_mb_after_evaluate=peak_mb())
    text = json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in results.items()}, indent=2)
    print(text)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    (folder / "measure_large_ct.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
