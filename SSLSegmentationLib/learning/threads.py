"""CPU threads of torch; what must be set before torch is imported."""

from __future__ import annotations

import os


def prepare_for_torch() -> None:
    """Lets waiting threads sleep and large tensors use large pages. Call it before torch is imported.

    What the user has set stays. OpenMP's threads spin while they wait: with another program on the cores (Slicer, a second
    job) a training step was seen to take ten times as long as with sleeping threads. Without large pages a 3D network
    spends up to a third of its time in page faults.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def set_threads(threads: int) -> None:
    """CPU threads of torch and of what it starts; the same count gives the same sums."""
    import torch

    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
