"""Whether a scan looks like those a model was trained on: spacing, extent and raw intensities against their ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.preprocess.orientation import array_spacing, turn_to_lps
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.scan import Case, Scan

# Facts of one channel: the first five in the scan's own units, the next three in SDs from the mean (free of units).
FACTS = ("mean", "sd", "p05", "median", "p95", "p05_sd", "median_sd", "p95_sd", "negative_share")
MOST_SAMPLES = 1 << 20
# How far outside of the training scans' range a fact may lie before it is mentioned.
SPACING_FACTOR = 1.5
EXTENT_FACTOR = 2.0
TOLERANCE_HU = 200.0
TOLERANCE_SD = 1.0
TOLERANCE_NEGATIVE_SHARE = 0.2

Triple = Tuple[float, float, float]


@dataclass(frozen=True)
class ScanFacts:
    """One case: `spacing` and `extent` in mm and `shape` in voxels along the body axes (feet to head, front to back, side
    to side), and for each channel the `FACTS` of its raw intensities."""

    spacing: Triple
    extent: Triple
    shape: Triple
    channels: Tuple[Mapping[str, float], ...]


def scan_facts(scans: Sequence[Scan]) -> ScanFacts:
    """Facts of one case, whose channels lie on one grid and are finite; large scans are sampled evenly."""
    geometry = scans[0].geometry
    turn = turn_to_lps(geometry, "axial")
    spacing = turn.reorder(array_spacing(geometry))
    shape = turn.reorder(geometry.shape)
    extent = (spacing[0] * shape[0], spacing[1] * shape[1], spacing[2] * shape[2])
    return ScanFacts(spacing, extent, shape, tuple(_intensity(scan.array) for scan in scans))


def _intensity(array: npt.NDArray[Any]) -> Dict[str, float]:
    step = max(1, int(np.ceil((array.size / MOST_SAMPLES) ** (1 / 3))))
    sample = array[::step, ::step, ::step].astype(np.float64).reshape(-1)
    mean, sd = float(sample.mean()), float(sample.std())
    percentiles = [float(value) for value in np.percentile(sample, (5, 50, 95))]
    relative = [(value - mean) / sd if sd > 0 else 0.0 for value in percentiles]
    return dict(zip(FACTS, (mean, sd, *percentiles, *relative, float((sample < 0).mean()))))


def training_ranges(
    cases: Sequence[Case], *, most: int = 40, on_progress: Optional[Callable[[int, int], None]] = None
) -> Dict[str, Any]:
    """`ranges_of` of the training cases, read anew, evenly chosen where there are more than `most`.

    `on_progress` gets (done, total) before each case; what it raises ends the reading.
    """
    chosen = [cases[index] for index in sorted({int(value) for value in np.linspace(0, len(cases) - 1, min(most, len(cases)))})]
    facts = []
    for done, case in enumerate(chosen):
        if on_progress is not None:
            on_progress(done, len(chosen))
        volumes = case.volumes or (None,) * len(case.images)
        facts.append(scan_facts([read_scan(path, volume=volume) for path, volume in zip(case.images, volumes)]))
    return ranges_of(facts)


def ranges_of(facts: Sequence[ScanFacts]) -> Dict[str, Any]:
    """Lowest and highest value of each fact over the training scans, ready for JSON (a model card's `intensity`)."""
    grid = {
        name: {"low": np.min(rows, axis=0).tolist(), "high": np.max(rows, axis=0).tolist()}
        for name in ("spacing", "extent", "shape")
        for rows in [[getattr(one, name) for one in facts]]
    }
    channels = [
        {name: [min(values), max(values)] for name in FACTS for values in [[one.channels[number][name] for one in facts]]}
        for number in range(len(facts[0].channels))
    ]
    return {"scans": len(facts), **grid, "channels": channels}


def are_ranges(ranges: Mapping[str, Any], *, channels: int) -> bool:
    """Whether `ranges` can be what `ranges_of` gave for cases of so many channels, or {}."""
    if not ranges:
        return True
    try:
        triples = [ranges[name][end] for name in ("spacing", "extent") for end in ("low", "high")]
        pairs = [channel[name] for channel in ranges["channels"] for name in FACTS]
        numbers = np.array([value for values in triples + pairs for value in values], dtype=np.float64)
        lengths = [len(values) for values in triples] == [3] * 4 and all(len(values) == 2 for values in pairs)
        return lengths and len(ranges["channels"]) == channels and bool(np.isfinite(numbers).all())
    except (KeyError, TypeError, ValueError, OverflowError):
        return False


def differences(facts: ScanFacts, ranges: Mapping[str, Any], *, modality: str) -> List[str]:
    """What sets a case apart from the training scans, one sentence each; empty where it looks like them.

    `ranges` is what `ranges_of` gave ({}: nothing is known, nothing is said).
    """
    if not ranges:
        return []
    found = []
    for name, title, factor in (("spacing", "voxel spacing", SPACING_FACTOR), ("extent", "extent", EXTENT_FACTOR)):
        own, low, high = getattr(facts, name), ranges[name]["low"], ranges[name]["high"]
        if any(value < a / factor or value > b * factor for value, a, b in zip(own, low, high)):
            found.append(f"Its {title} is {_triple(own)} mm, that of the training scans {_triple(low)} to {_triple(high)} mm.")
    for number, (own, known) in enumerate(zip(facts.channels, ranges["channels"])):
        which = f"Channel {number + 1}" if len(facts.channels) > 1 else "It"
        found += [f"{which} {fault}" for fault in _intensity_faults(own, known, modality)]
    return found


def _intensity_faults(own: Mapping[str, float], known: Mapping[str, Sequence[float]], modality: str) -> List[str]:
    if modality == "ct":
        for name in ("mean", "p05", "median", "p95"):
            low, high = known[name]
            if not low - TOLERANCE_HU <= own[name] <= high + TOLERANCE_HU:
                return [f"has {_title(name)} of {own[name]:.0f} HU, the training scans {low:.0f} to {high:.0f} HU."]
        return []
    if own["negative_share"] > known["negative_share"][1] + TOLERANCE_NEGATIVE_SHARE:
        share = 100 * own["negative_share"]
        return [f"is negative in {share:.0f} % of its voxels, as a CT scan is; the training scans were not."]
    for name in ("p05_sd", "median_sd", "p95_sd"):
        low, high = known[name]
        if not low - TOLERANCE_SD <= own[name] <= high + TOLERANCE_SD:
            return [
                f"has {_title(name[:-3])} {own[name]:.1f} SD from its mean, the training scans {low:.1f} to {high:.1f} SD: "
                "it shows something else, or much more background."
            ]
    return []


def _title(name: str) -> str:
    return {"mean": "a mean", "p05": "a 5th percentile", "median": "a median", "p95": "a 95th percentile"}[name]


def _triple(values: Sequence[float]) -> str:
    return " × ".join(f"{value:.3g}" for value in values)
