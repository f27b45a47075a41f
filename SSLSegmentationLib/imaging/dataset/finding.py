"""From the data section of a config to its cases. A kind of source is one file here and one line in `SOURCES`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Optional

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.imaging.dataset.case_list import CaseList
from SSLSegmentationLib.imaging.dataset.folders import folder_cases
from SSLSegmentationLib.imaging.dataset.listing import listed_cases
from SSLSegmentationLib.imaging.dataset.msd import msd_cases
from SSLSegmentationLib.imaging.dataset.unlabelled import unlabelled_cases

# By the setting that names the source: data.<name>.
SOURCES: Dict[str, Callable[[DataConfig], CaseList]] = {
    "dataset": lambda data: msd_cases(Path(data.dataset or "")),
    "images": lambda data: folder_cases(Path(data.images or ""), Path(data.labels) if data.labels else None),
    "cases": lambda data: listed_cases(Path(data.cases or "")),
}


def find_cases(data: DataConfig) -> CaseList:
    """Cases of `data.dataset`, `data.images` + `data.labels` or `data.cases`; else of `data.unlabelled`.

    No scan is opened: `Case.problems` names files that are missing. Raises `SSLSegmentationError` where a description is invalid.
    """
    found = labelled_source(data)
    if found is None and data.unlabelled:
        found = unlabelled_cases(data.unlabelled)
    if found is None:
        raise SSLSegmentationError(
            "config.invalid_value",
            "The config names no scans.",
            hint="Set data.dataset, data.images, data.cases or data.unlabelled.",
        )
    return found


def labelled_source(data: DataConfig) -> Optional[CaseList]:
    """Cases of the source that can have labels; None where the config has only `data.unlabelled` or nothing."""
    name = next((name for name in SOURCES if getattr(data, name)), None)
    if name is None:
        return None
    found = SOURCES[name](data)
    channels = found.channels or default_channels(data, len(found.cases[0].images))
    return replace(found, channels=channels, tissues=read_tissues(data.tissues) if data.tissues else found.tissues)


def default_channels(data: DataConfig, count: int) -> "tuple[str, ...]":
    """Names of channels that no description names."""
    return (data.modality,) if count == 1 else tuple(f"{data.modality}_{number}" for number in range(count))
