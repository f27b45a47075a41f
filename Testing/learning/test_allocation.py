"""Memory that a training has freed stays with its process."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from SSLSegmentationLib.learning import allocation

# Fills 40 MB five times; prints the page faults of the later four.
FAULTS = """
import resource, sys
import numpy as np
from SSLSegmentationLib.learning.allocation import keep_freed_memory
kept = sys.argv[1] == "keep" and keep_freed_memory()
for number in range(5):
    if number == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(5_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
HAS_GLIBC = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


@pytest.mark.skipif(not HAS_GLIBC, reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    said = {}
    for word in ("plain", "keep"):
        done = subprocess.run([sys.executable, "-c", FAULTS, word], capture_output=True, text=True, check=True)
        said[word] = done.stdout.split()
    assert [kept for kept, _faults in said.values()] == ["False", "True"]
    # 40 MB are 9,766 pages of 4 kB, fewer where the system joins them.
    assert int(said["keep"][1]) < 20 < int(said["plain"][1])


def test_another_system_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation.sys, "platform", "win32")
    assert not allocation.keep_freed_memory()


@pytest.mark.parametrize(("taken", "kept"), [((), False), ((2**25,), True), ((2**31 - 1, 2**25), True)], ids=str)
def test_an_older_c_library_is_asked_for_less_and_another_one_for_nothing(
    monkeypatch: pytest.MonkeyPatch, taken: tuple[int, ...], kept: bool
) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, parameter: int, value: int) -> int:
            asked.append((parameter, value))
            return int(value in taken)

    monkeypatch.setattr(allocation.sys, "platform", "linux")
    monkeypatch.setattr(allocation.ctypes, "CDLL", lambda _name: Library())
    assert allocation.keep_freed_memory() is kept
    if kept:
        assert asked[-2:] == [(allocation.M_MMAP_THRESHOLD, taken[0]), (allocation.M_TRIM_THRESHOLD, taken[0])]
    monkeypatch.setattr(allocation.ctypes, "CDLL", lambda _name: object())
    assert not allocation.keep_freed_memory()
