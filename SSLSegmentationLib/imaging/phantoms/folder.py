"""Writes phantoms as a data set: `images` and `labels` of equal names, the tissue table, and the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, is_scan_name, write_text
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan


def write_phantoms(kind: str, *, folder: PathLike, count: int, seed: int) -> List[str]:
    """Writes `count` phantoms of the seeds from `seed` on; gives their names, `KIND_SEED`.

    `images/NAME.nii.gz` (the first scan), `labels/NAME.nii.gz`, each further scan in `SCAN/NAME.nii.gz`, where an echo
    has its echo time beside it in a .json file; `tissues.json`; `truth.json` by name.
    Raises `usage.arguments` where the folder holds scans that are not of this set.
    """
    root = Path(folder)
    names = [f"{kind}_{number:04d}" for number in range(seed, seed + count)]
    _require_no_others(root, names)
    truth: Dict[str, Any] = {}
    for number, name in enumerate(names, start=seed):
        phantom = make_phantom(kind, seed=number)
        _write_one(root, name, phantom)
        truth[name] = {"seed": number, **phantom.truth}
        if name == names[-1]:
            write_tissues(root / "tissues.json", phantom.tissues)
    write_text(root / "truth.json", json.dumps(truth, indent=2, ensure_ascii=False) + "\n")
    return names


def _require_no_others(root: Path, names: List[str]) -> None:
    own = {f"{name}.nii.gz" for name in names}
    for part in ("images", "labels"):
        inside = sorted((root / part).iterdir()) if (root / part).is_dir() else []
        others = [path for path in inside if is_scan_name(path) and path.name not in own]
        if others:
            raise SSLSegmentationError(
                "usage.arguments", f"{others[0]} is there already and not of this set.", hint="Give another output folder."
            )


def _write_one(root: Path, name: str, phantom: Phantom) -> None:
    write_label_map(root / "labels" / f"{name}.nii.gz", phantom.label_map)
    times = phantom.truth.get("echo_times_ms", {})
    for number, (key, scan) in enumerate(phantom.scans.items()):
        if number == 0:
            write_scan(root / "images" / f"{name}.nii.gz", scan)
        if number > 0 or key in times:
            write_scan(root / key / f"{name}.nii.gz", scan)
        if key in times:
            # The echo time in seconds under the name that BIDS gives it.
            write_text(root / key / f"{name}.json", json.dumps({"EchoTime": times[key] / 1000}) + "\n")
