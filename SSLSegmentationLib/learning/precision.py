"""Which number format a run computes in: decided by the hardware's flags, never by timing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from SSLSegmentationLib.learning.device import CudaDevices, has_fast_bfloat16

if TYPE_CHECKING:
    import torch

# Flags of CPUs that multiply bfloat16 in hardware; elsewhere bfloat16 is emulated and slower than float32.
BFLOAT16_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def cpu_flags(source: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPU's feature flags; empty where the system does not tell."""
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())


def decide_precision(wanted: str, *, device: str, cuda: CudaDevices) -> str:
    """ "float32", "bfloat16" or "float16" for a setting and a device ("cpu", "cuda:0"); needs no torch."""
    if wanted != "auto":
        return wanted
    if device == "cpu":
        return "bfloat16" if cpu_flags() & BFLOAT16_CPU_FLAGS else "float32"
    return "bfloat16" if has_fast_bfloat16(device, cuda=cuda) else "float16"


@contextlib.contextmanager
def computing_in(precision: str, device: torch.device) -> Iterator[None]:
    """Autocast to `precision` on `device`; nothing for float32."""
    import torch

    if precision == "float32":
        yield
        return
    with torch.autocast(device.type, dtype=getattr(torch, precision)):
        yield
