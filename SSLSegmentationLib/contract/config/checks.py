"""Settings that exclude each other, checked once all of them are known."""

from __future__ import annotations

import re

from SSLSegmentationLib.contract.config.fields import infos
from SSLSegmentationLib.contract.config.sections import Config
from SSLSegmentationLib.contract.config.values import invalid
from SSLSegmentationLib.contract.errors import SSLSegmentationError

_DEVICE = re.compile(r"auto|cpu|cuda(:\d{1,3})?")


def _check_data(config: Config) -> None:
    data = config.data
    sources = [
        name
        for name, given in (
            ("data.dataset", data.dataset),
            ("data.images", data.images or data.labels),
            ("data.cases", data.cases),
        )
        if given
    ]
    if len(sources) > 1:
        raise SSLSegmentationError(
            "config.conflict", f"The scans are named twice: by {' and by '.join(sources)}.", hint="Keep one of them."
        )
    if data.labels and not data.images:
        raise SSLSegmentationError("config.conflict", "'data.labels' is set without 'data.images'.", hint="Set both folders.")
    if data.labelled_cases is not None and data.labelled_fraction is not None:
        raise SSLSegmentationError(
            "config.conflict", "'data.labelled_cases' and 'data.labelled_fraction' are both set.", hint="Keep one of them."
        )


def _check_preprocess(config: Config) -> None:
    preprocess, dims = config.preprocess, config.network.dims
    if preprocess.normalisation == "ct_windows" and config.data.modality != "ct":
        raise SSLSegmentationError(
            "config.conflict",
            f"'preprocess.normalisation' is ct_windows, but 'data.modality' is {config.data.modality}.",
            hint="Set data.modality to ct, or preprocess.normalisation to zscore.",
        )
    for width, _ in preprocess.windows:
        if width <= 0:
            raise invalid("preprocess.windows", preprocess.windows, "pairs (width, level) with widths above 0 HU")
    if not isinstance(preprocess.training_shape, str) and len(preprocess.training_shape) != dims:
        raise SSLSegmentationError(
            "config.conflict",
            f"'preprocess.training_shape' has {len(preprocess.training_shape)} numbers, but 'network.dims' is {dims}.",
            hint=f"Give {dims} numbers, or auto.",
        )
    if dims == 3 and preprocess.neighbour_slices not in ("auto", 0):
        raise SSLSegmentationError(
            "config.conflict",
            "'preprocess.neighbour_slices' is set, but 'network.dims' is 3.",
            hint="It is for 2D networks; set it to 0.",
        )


def _check_train(config: Config) -> None:
    train = config.train
    if train.learning_rate_floor > train.learning_rate:
        raise SSLSegmentationError(
            "config.conflict",
            f"'train.learning_rate_floor' is {train.learning_rate_floor:g}, over 'train.learning_rate', {train.learning_rate:g}.",
            hint="Lower the floor.",
        )


def _check_ranges(config: Config) -> None:
    """Every (from, to) pair ascends."""
    for name, info in infos(config.augment).items():
        value = getattr(config.augment, name)
        if info.kind == "floats" and value[0] > value[1]:
            raise invalid(f"augment.{name}", list(value), f"the lower number first, {info.range_text()}")


def check(config: Config) -> Config:
    """`config` itself. Errors: `config.conflict` or `config.invalid_value` where settings cannot hold together."""
    if not _DEVICE.fullmatch(config.device):
        raise invalid("device", config.device, "auto, cpu, cuda or cuda:<number>")
    _check_data(config)
    _check_preprocess(config)
    _check_train(config)
    _check_ranges(config)
    return config
