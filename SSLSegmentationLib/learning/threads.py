"""CPU threads of torch; what must be set before torch is imported."""

from __future__ import annotations

import os

# Turns that a waiting OpenMP thread of gcc's library spins before it sleeps, about 0.2 ms; of LLVM's and Intel's, in ms.
SPIN_TURNS = "10000"
SPIN_MILLISECONDS = "1"


def prepare_for_torch() -> None:
    """Lets threads that wait for each other spin for a moment only, then sleep. Call it before torch is imported.

    What the user has set stays. Threads that never sleep make a training step up to ten times as long when another
    program wants the cores (Slicer, a second job); threads that sleep at once make it a quarter longer on a quiet machine.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_TURNS)
        os.environ.setdefault("KMP_BLOCKTIME", SPIN_MILLISECONDS)


def set_threads(threads: int) -> None:
    """CPU threads of torch and of what it starts; the same count gives the same sums."""
    import torch

    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
