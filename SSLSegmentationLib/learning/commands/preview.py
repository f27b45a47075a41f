"""`sslseg preview CONFIG --output DIR`: a picture of what the pretext task does to some slices of the data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from SSLSegmentationLib.contract.commands.output import print_json
from SSLSegmentationLib.learning.commands.run_config import read_run_config
from SSLSegmentationLib.learning.preview import draw_picture, make_preview


def run(arguments: argparse.Namespace) -> int:
    """Writes `OUTPUT/<task>.png` and prints where, and the area that was really displaced."""
    config = read_run_config(arguments.config, overrides=arguments.set or ())
    preview = make_preview(config)
    path = Path(arguments.output) / f"{preview.task}.png"
    draw_picture(preview, path)
    if arguments.json:
        print_json({"path": str(path), **preview.facts()})
        return 0
    size = "×".join(str(value) for value in preview.shape)
    sys.stdout.write(
        f"{path}: {preview.task} on {size} voxels with patches of {preview.patch_size}.\n"
        f"{preview.displaced_area:.1%} of the area has another value (mean of {preview.masks} masks); "
        f"the patches cover {preview.corrupted_area:.1%}.\n"
    )
    return 0
