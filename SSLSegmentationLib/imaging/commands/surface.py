"""`sslseg surface`: the closed surface of each tissue, as arrays that Slicer takes over without computing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from SSLSegmentationLib.contract.files import replacing
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.biomarkers.region import find_boxes
from SSLSegmentationLib.imaging.commands.output import say, say_json, warn
from SSLSegmentationLib.imaging.readers import read_label_map
from SSLSegmentationLib.imaging.surface import Surface, SurfaceSettings, closed_surface


def run(arguments: argparse.Namespace) -> int:
    """Makes one surface after another; what is written before a cancel stays."""
    reporter = arguments.reporter
    labels = read_label_map(arguments.labels)
    settings = SurfaceSettings(arguments.smoothing, arguments.decimation, arguments.normals)
    affine, boxes = labels.geometry.affine_ras, find_boxes(labels.array)
    values = list(dict.fromkeys(arguments.label or boxes))
    facts: List[Dict[str, Any]] = []
    for number, value in enumerate(values, start=1):
        reporter.check_cancelled()
        reporter.progress(f"surface {number} of {len(values)}", share=(number - 1) / len(values))
        surface = closed_surface(labels.array, value, box=boxes.get(value), affine_ras=affine, settings=settings)
        _write(surface, Path(arguments.output), value, reporter=reporter)
        facts.append({"label": value, "points": len(surface.points), "triangles": len(surface.triangles)})
    warn(labels.warnings, reporter=reporter)
    if arguments.json:
        say_json({"output": str(arguments.output), "surfaces": facts, "warnings": list(labels.warnings)})
    else:
        for fact in facts:
            say(f"label {fact['label']}: {counted(fact['triangles'], 'triangle')}")
        say(f"{counted(len(facts), 'surface')} written to {arguments.output}.")
    return 0


def _write(surface: Surface, folder: Path, value: int, *, reporter: Reporter) -> None:
    """`<value>-points.npy`, `<value>-triangles.npy` and, where there are any, `<value>-normals.npy`."""
    parts = {"points": surface.points, "triangles": surface.triangles, "normals": surface.normals}
    for name, array in parts.items():
        if array is not None:
            # Who cancels removes the folder, and writing would make it anew.
            reporter.check_cancelled()
            with replacing(folder / f"{value}-{name}.npy") as temporary:
                np.save(temporary, array, allow_pickle=False)
