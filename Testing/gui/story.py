"""The story of the panels on the stand-in for Slicer: the time of each part is taken, and the GUI thread is watched."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.selftest.person import Person
from SSLSegmentationLib.gui.selftest.story import Data, Story
from Testing.harness.watchdog import Watchdog, pump

TIMEOUT = 30.0


@dataclass
class Told:
    """Seconds of each part, and the longest block of the GUI thread in each (seconds, slot)."""

    seconds: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, tuple[float, str]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        with Watchdog() as watchdog:
            yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
        self.blocks[name] = (round(watchdog.longest.seconds, 3), watchdog.longest.slot)
        print(f"{name}: {self.seconds[name]} s, longest block {self.blocks[name]}", flush=True)

    @property
    def longest_block(self) -> float:
        return max(seconds for seconds, _slot in self.blocks.values())


def play(open_module: Callable[[], ModuleWidget], data: Data) -> Told:
    """Plays the story on `data`."""
    told, story = Told(), Story(data, Person(pump), open_module)
    for name, action in story.parts():
        with told.part(name):
            action()
    wait_for_end(story.cancelled_pid)
    return told


def wait_for_end(pid: int) -> None:
    """Waits for a child that outlived the session that had started it; had Slicer really been closed, it would be no child."""

    def ended() -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return True

    assert pump(ended, timeout=TIMEOUT), f"process {pid} still runs"
