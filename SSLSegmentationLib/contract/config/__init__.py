"""The one parameter object: its sections, and the ways from and to plain dictionaries."""

from __future__ import annotations

from SSLSegmentationLib.contract.config.describe import ConfigRow, as_dict, describe
from SSLSegmentationLib.contract.config.fields import FieldInfo, infos, setting
from SSLSegmentationLib.contract.config.json_text import load_json
from SSLSegmentationLib.contract.config.overrides import apply_override
from SSLSegmentationLib.contract.config.parse import parse
from SSLSegmentationLib.contract.config.sections import (
    SECTIONS,
    AugmentConfig,
    Config,
    DataConfig,
    NetworkConfig,
    PreprocessConfig,
    PretextConfig,
    TrainConfig,
    TransferConfig,
)

__all__ = [
    "SECTIONS",
    "AugmentConfig",
    "Config",
    "ConfigRow",
    "DataConfig",
    "FieldInfo",
    "NetworkConfig",
    "PreprocessConfig",
    "PretextConfig",
    "TrainConfig",
    "TransferConfig",
    "apply_override",
    "as_dict",
    "describe",
    "infos",
    "load_json",
    "parse",
    "setting",
]
