"""From a scan to the network's array, and exactly back."""

from __future__ import annotations

from SSLSegmentationLib.imaging.preprocess.fitting import fit_to_shape, training_shape
from SSLSegmentationLib.imaging.preprocess.grid import PreparedGrid
from SSLSegmentationLib.imaging.preprocess.labels import prepare_labels
from SSLSegmentationLib.imaging.preprocess.plan import PreprocessPlan, plan_preprocessing
from SSLSegmentationLib.imaging.preprocess.prepare import PreparedSource, open_prepared

__all__ = [
    "PreparedGrid",
    "PreparedSource",
    "PreprocessPlan",
    "fit_to_shape",
    "open_prepared",
    "plan_preprocessing",
    "prepare_labels",
    "training_shape",
]
