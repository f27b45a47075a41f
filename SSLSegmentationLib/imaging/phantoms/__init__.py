"""Synthetic scans with known truth: a kind is one file and one line of `PHANTOMS`."""

from __future__ import annotations

from typing import Any, Callable, Dict

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.phantoms.ct_body import make_ct_body
from SSLSegmentationLib.imaging.phantoms.ct_l3 import make_ct_l3
from SSLSegmentationLib.imaging.phantoms.knee_mri import make_knee_mri
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom

__all__ = ["PHANTOMS", "Phantom", "make_phantom"]

PHANTOMS: Dict[str, Callable[..., Phantom]] = {
    "ct_body": make_ct_body,
    "ct_l3": make_ct_l3,
    "knee_mri": make_knee_mri,
}


def make_phantom(kind: str, *, seed: int, **options: Any) -> Phantom:
    """The phantom `kind` of `seed`; `options` are the maker's own (`shape`, `spacing`, …). Same arguments, same bytes."""
    if kind not in PHANTOMS:
        raise SSLSegmentationError("usage.arguments", f"There is no phantom '{kind}'; there are {', '.join(sorted(PHANTOMS))}.")
    return PHANTOMS[kind](seed=seed, **options)
