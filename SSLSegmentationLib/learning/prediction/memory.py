"""How much memory a prediction may take and what it takes; needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from SSLSegmentationLib.contract.errors import SSLSegmentationError

# Feature maps of the base width that a U-Net holds at once at full resolution, counted in the last block of its decoder:
# the upsampled map and the skip connection, both again side by side, and the results of the two convolutions.
MAPS_AT_ONCE = 8
# Measured on two cores: half and a quarter of it are 5 to 20 % slower on small slices.
CPU_BATCH_VOXELS = 1 << 17
CUDA_BATCH_VOXELS = 1 << 24
PAGE_BYTES = 4096


def resident_bytes() -> int:
    """Memory of this process that is in use now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


def bytes_per_voxel(network: Mapping[str, Any]) -> int:
    """About what a network needs for each voxel that it computes at once, in float32."""
    inputs, outputs = int(network["in_channels"]), int(network["out_channels"])
    return 4 * (MAPS_AT_ONCE * int(network["base_width"]) + inputs + 4 * outputs)


def fastest_batch(voxels: int, *, on_cpu: bool) -> int:
    """Images of `voxels` voxels each that are computed fastest together (at least 1)."""
    return max(1, (CPU_BATCH_VOXELS if on_cpu else CUDA_BATCH_VOXELS) // voxels)


def images_at_once(voxels: int, *, network: Mapping[str, Any], on_cpu: bool, free_bytes: int | None) -> int:
    """Images of `voxels` voxels each that are computed at once (at least 1) within `free_bytes` (None: any).

    Raises `memory.host` or `memory.device` where one alone needs more.
    """
    most = fastest_batch(voxels, on_cpu=on_cpu)
    if free_bytes is None:
        return most
    one = voxels * bytes_per_voxel(network)
    if one > free_bytes:
        need, left = one / 1e6, max(free_bytes, 0) / 1e6
        raise SSLSegmentationError(
            "memory.host" if on_cpu else "memory.device",
            f"One slice or window of {voxels} voxels needs about {need:.1f} MB, but only {left:.1f} MB are left.",
            hint="Allow more with --memory, close other programs, or use a smaller network.",
        )
    return max(1, min(most, free_bytes // one))
