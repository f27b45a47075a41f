"""Generators for every random draw, each seeded by (seed, purpose, index): draws do not depend on what was drawn before."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """The generator of one draw, for example of training step `index`."""
    return np.random.default_rng((seed, zlib.crc32(purpose.encode("utf-8")), index))


def integer_seed(seed: int, purpose: str, index: int = 0) -> int:
    """A 63-bit seed for another library's generator (torch)."""
    return int(generator(seed, purpose, index).integers(2**63 - 1))
