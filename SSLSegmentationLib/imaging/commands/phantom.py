"""`sslseg phantom`: synthetic scans with known truth, as a data set to train on or to check measures with."""

from __future__ import annotations

import argparse
from pathlib import Path

from SSLSegmentationLib.imaging.commands.output import say, say_json
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms


def run(arguments: argparse.Namespace) -> int:
    """Writes the phantoms and names them."""
    names = write_phantoms(arguments.kind, folder=arguments.output, count=arguments.count, seed=arguments.seed)
    if arguments.json:
        root = Path(arguments.output)
        files = {part: str(root / part) for part in ("images", "labels", "tissues.json", "truth.json")}
        say_json({"output": str(root), "kind": arguments.kind, "names": names, "files": files})
    else:
        say(f"{len(names)} × {arguments.kind} written to {arguments.output}: images, labels, tissues.json, truth.json.")
    return 0
