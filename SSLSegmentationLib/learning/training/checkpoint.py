"""Checkpoints: one safetensors file each, with a checksum of its own, the last two kept."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import Event, EventReader
from SSLSegmentationLib.contract.files import write_bytes
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.learning.training.state import TrainingState

KEPT = 2
_NAME = re.compile(r"step-(\d{9})\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """Everything of a run at one step: `tensors` by "group/name", and the `state`."""

    tensors: Mapping[str, Tensor]
    state: TrainingState

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"step-{self.state.step:09d}.safetensors"

    def group(self, name: str) -> dict[str, Tensor]:
        """The tensors of one group ("network", "averaged", "best", "optimiser"), by name."""
        prefix = name + "/"
        return {key[len(prefix) :]: value for key, value in self.tensors.items() if key.startswith(prefix)}


def _checksum(tensors: Mapping[str, Tensor], state: str) -> str:
    total = zlib.crc32(state.encode("utf-8"))
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous().flatten()
        total = zlib.crc32(f"{name}{tuple(tensors[name].shape)}{value.dtype}".encode(), total)
        total = zlib.crc32(value.view(torch.uint8).numpy().data, total)
    return f"{total:08x}"


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes `step-<step>.safetensors` in one step, then removes all but the newest two. Raises `disk.*`."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    state = checkpoint.state.to_json()
    path = folder / checkpoint.name
    # Not `save_file`, which tells of a full disk by an error of its own.
    write_bytes(path, save(tensors, metadata={"state": state, "checksum": _checksum(tensors, state)}))
    for old in list_checkpoints(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def list_checkpoints(folder: Path) -> list[Path]:
    """Checkpoint files in the order of their steps."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def load_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint, or None where the file is gone, cut short or changed."""
    try:
        with safe_open(str(path), framework="pt") as handle:
            facts: dict[str, Any] = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118  # not a dict
        state = facts["state"]
        if facts["checksum"] != _checksum(tensors, state):
            return None
        return Checkpoint(tensors, TrainingState.from_json(state))
    except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError):
        return None


def restore_network(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Gives `module` the weights of its checkpoint. Raises `config.conflict` where it is another network."""
    try:
        module.load_state_dict(checkpoint.group("network"))
    except RuntimeError as error:
        raise SSLSegmentationError(
            "config.conflict",
            f"The network of {checkpoint.name} does not fit: the data or the tissues differ from those that the job began with.",
            hint="Put them back as they were, or start a new job in another folder.",
        ) from error


def find_resume_point(job: JobRun) -> Checkpoint | None:
    """The newest sound checkpoint of a job; None where none was written yet. Names each damaged one that it passes over.

    Raises `job.no_checkpoint` where some were written and none is sound.
    """
    names = _checkpoint_names(job)
    for number, name in enumerate(names):
        checkpoint = load_checkpoint(job.folder.checkpoint / name)
        if checkpoint is not None:
            for passed in names[:number]:
                job.warn(f"The checkpoint {passed} is gone or damaged; the run goes on from {name}.")
            job.emit("phase", name="resume", checkpoint=name, step=checkpoint.state.step)
            return checkpoint
    if names:
        raise SSLSegmentationError(
            "job.no_checkpoint", f"None of the checkpoints of {job.folder.path} is sound ({', '.join(names[:3])})."
        )
    job.emit("phase", name="resume", step=0, message="No checkpoint was written yet: the run starts from step 0.")
    return None


def has_checkpoints(job: JobRun) -> bool:
    """Whether any was ever written; then `find_resume_point` gives one of them or raises."""
    return bool(_checkpoint_names(job))


def _checkpoint_names(job: JobRun) -> list[str]:
    """The files that are there or that the job has told of, the newest first."""
    named = {Path(str(event.fields["path"])).name for event in _written_checkpoints(job.folder.events)}
    return sorted({path.name for path in list_checkpoints(job.folder.checkpoint)} | named, reverse=True)


def _written_checkpoints(events: Path) -> list[Event]:
    return [
        event
        for event in EventReader(events).poll()
        if event.event == "artifact" and event.fields.get("kind") == "checkpoint" and isinstance(event.fields.get("path"), str)
    ]
