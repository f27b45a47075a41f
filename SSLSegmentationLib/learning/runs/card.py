"""The model card of a run that has ended."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from SSLSegmentationLib import __version__
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.contract.model_card import ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.familiarity import training_ranges
from SSLSegmentationLib.learning.runs.data import RunData
from SSLSegmentationLib.learning.training.state import TrainingState

_PACKAGES = ("torch", "numpy", "scipy", "SimpleITK", "safetensors")


def describe_model(
    data: RunData,
    state: TrainingState,
    *,
    job: JobRun,
    batch_size: int,
    task: str,
    network: Mapping[str, Any],
    activation: str,
    tissues: TissueTable,
    pretext: Mapping[str, Any] | None = None,
    pretrained: ModelCard | None = None,
) -> ModelCard:
    """The card: what was trained, on what, how well. Nothing in it names a patient, a host or a path."""
    config = data.config
    training: dict[str, Any] = {
        "preset": config.preset,
        "seed": config.seed,
        "scans": len(data.train),
        "subjects": len({case.subject for case in data.cases.train}),
        "validation_scans": len(data.validation),
        "steps": state.step,
        "minutes": round(state.seconds / 60, 2),
        "batch_size": batch_size,
        "precision": job.decided["precision"],
    }
    if pretext is not None:
        training["pretext"] = dict(pretext)
    if pretrained is not None:
        training["pretrained"] = {"task": pretrained.task, "weights": config.transfer.weights, **pretrained.training}
    best = config.train.keep == "best"
    return ModelCard(
        task=task,
        network=dict(network),
        activation=activation,
        channels=data.cases.channels,
        modality=config.data.modality,
        preprocessing=data.plan.as_dict(),
        training_shape=data.shape,
        tissues=tissues,
        training=training,
        validation=dict(state.best_scores if best else state.scores),
        intensity=_intensity(data, job),
        versions=_versions(),
    )


def _intensity(data: RunData, job: JobRun) -> dict[str, Any]:
    """The ranges over the training scans, which are read anew. A cancelled run goes on here when it is resumed."""
    job.emit("phase", name="describe_scans", message="Describing the training scans for the model's card.")

    def on_progress(done: int, total: int) -> None:
        job.check_cancelled()
        job.progress(done, total, None, phase="describe_scans")

    return training_ranges(data.cases.train, on_progress=on_progress)


def _versions() -> dict[str, str]:
    return {
        "SSLSegmentation": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
    }
