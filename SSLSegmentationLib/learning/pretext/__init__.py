"""The pretext tasks, by name. Importing this room needs no torch: a config is checked before torch is there."""

from __future__ import annotations

from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.learning.pretext.context_prediction import ContextPrediction
from SSLSegmentationLib.learning.pretext.context_restoration import ContextRestoration
from SSLSegmentationLib.learning.pretext.task import PretextTask

TASKS: dict[str, PretextTask] = {
    "context_prediction": ContextPrediction(),
    "context_restoration": ContextRestoration(),
}


def descriptions() -> dict[str, TaskDescription]:
    """The tasks' descriptions by name, for configs and panels."""
    return {name: task.description for name, task in TASKS.items()}
