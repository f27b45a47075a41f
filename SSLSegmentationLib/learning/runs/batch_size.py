"""How many images a training step takes where the config leaves it open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.learning.host import available_memory
from SSLSegmentationLib.learning.prediction.memory import bytes_per_voxel

# Images of one step, by dimensions.
AUTO_BATCH = {2: 24, 3: 2}
# What training needs for a voxel, as a multiple of what prediction needs: the results of all layers are kept for the gradient.
# Measured on a CPU in float32: 2.4 to 3.0.
TRAINING_FACTOR = 3.0
# Share of the available memory that a step may take.
MEMORY_SHARE = 0.8


def decide_batch_size(job: JobRun, *, network: Mapping[str, Any], shape: tuple[int, ...], device: torch.device) -> int:
    """The config's batch size; for auto that of `AUTO_BATCH`, halved until it fits into the memory that is available.

    What auto gave is noted in the job's `decided`, so that a resumed run keeps it, and a smaller batch is a warning.
    """
    wanted = job.config.train.batch_size
    if isinstance(wanted, int):
        return wanted
    if "batch_size" in job.decided:
        return int(job.decided["batch_size"])
    most = AUTO_BATCH[len(shape)]
    free = _free_bytes(device)
    size = fitting_batch(most, voxels=math.prod(shape), network=network, free_bytes=free)
    if free is not None and size < most:
        need = step_bytes(most, voxels=math.prod(shape), network=network)
        sides = " × ".join(str(side) for side in shape)
        job.warn(
            f"A step takes {size} instead of {most} images of {sides} voxels: with {most} it would need about "
            f"{need / 1e9:.1f} GB, but only {free / 1e9:.1f} GB of memory are free. "
            "Set train.batch_size to choose the number yourself."
        )
    job.decide(batch_size=size)
    return size


def step_bytes(images: int, *, voxels: int, network: Mapping[str, Any]) -> float:
    """About what a training step with `images` images of `voxels` voxels each needs."""
    return TRAINING_FACTOR * images * voxels * bytes_per_voxel(network)


def fitting_batch(most: int, *, voxels: int, network: Mapping[str, Any], free_bytes: int | None) -> int:
    """`most` images, halved until a step fits into `free_bytes` (None: any), at least 1."""
    size = most
    while free_bytes is not None and size > 1 and step_bytes(size, voxels=voxels, network=network) > MEMORY_SHARE * free_bytes:
        size //= 2
    return size


def _free_bytes(device: torch.device) -> int | None:
    return available_memory() if device.type == "cpu" else torch.cuda.mem_get_info(device)[0]
