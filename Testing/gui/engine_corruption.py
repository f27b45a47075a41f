"""Run by the backend's Python: what pretraining makes of a volume with the first mask of its pool.

Usage: CASES.json FOLDER. Each case is {name, config, array (.npy), spacing}; writes <name>.npz with original and corrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main() -> None:
    import torch

    from SSLSegmentationLib.contract.config import parse
    from SSLSegmentationLib.imaging.geometry import Geometry
    from SSLSegmentationLib.imaging.masks import PoolDraw
    from SSLSegmentationLib.imaging.preprocess import fit_to_shape, open_prepared, plan_preprocessing, training_shape
    from SSLSegmentationLib.imaging.scan import Scan
    from SSLSegmentationLib.learning.pretext import TASKS

    first = np.zeros(1, np.int64)
    folder = Path(sys.argv[2])
    for case in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        config = parse(case["config"])
        array = np.load(case["array"])
        geometry = Geometry(array.shape, tuple(case["spacing"]), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
        plan = plan_preprocessing(config, [geometry])
        prepared = open_prepared([Scan(array=array, geometry=geometry)], plan)
        shape = training_shape(config, [prepared.grid.shape])
        whole = prepared.read(0, prepared.grid.shape[0])
        image = whole if len(shape) == 3 else whole[:, 0]
        images = fit_to_shape(image, shape)[0][None]
        task = TASKS[config.pretext.task]
        pool = task.prepare(config, shape=shape)
        corrupted = task.corrupt(torch.from_numpy(images), pool, PoolDraw(first, first)).numpy()
        facts = task.report(pool)
        np.savez(folder / f"{case['name']}.npz", original=images[0], corrupted=corrupted[0], patch_size=facts["patch_size"])


if __name__ == "__main__":
    main()
