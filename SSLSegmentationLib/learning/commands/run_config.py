"""The config of a run, its names checked against what this version has. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.learning.config_file import read_config
from SSLSegmentationLib.learning.networks import NETWORKS
from SSLSegmentationLib.learning.pretext import descriptions


def read_run_config(path: PathLike, *, overrides: Sequence[str] = ()) -> Config:
    """As `read_config`, and refuses a pretext task, a setting of one, or a network that there is not."""
    return read_config(path, overrides=overrides, tasks=descriptions(), networks=NETWORKS)
