"""The watchdog sees what blocks the event loop."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
import qt

from Testing.harness.signals import slot_name
from Testing.harness.watchdog import Watchdog, pump

pytestmark = pytest.mark.usefixtures("application")


def test_pump_says_whether_it_came_true() -> None:
    assert pump(until=lambda: True, timeout=0.1) is True
    began = time.perf_counter()
    assert pump(until=lambda: False, timeout=0.1) is False
    assert 0.09 < time.perf_counter() - began < 2


def test_a_slow_slot_is_found_by_name() -> None:
    done = []

    def slow() -> None:
        time.sleep(0.2)
        done.append(1)

    with Watchdog() as watchdog:
        qt.QTimer.singleShot(20, slow)
        assert pump(until=lambda: done, timeout=10)
    assert watchdog.longest.seconds > 0.19 and "slow" in watchdog.longest.slot


def test_a_wrapped_slot_is_named_by_what_it_wraps() -> None:
    def handler() -> None:
        """Only its name matters."""

    def wrapper() -> None:
        handler()

    assert slot_name(wrapper).endswith("wrapper of " + slot_name(handler))


def test_other_programs_do_not_count() -> None:
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        done = []

        def busy() -> None:
            until = time.thread_time() + 0.05
            while time.thread_time() < until:
                pass
            done.append(1)

        with Watchdog() as watchdog:
            for _ in range(3):
                done.clear()
                qt.QTimer.singleShot(1, busy)
                assert pump(until=lambda: done, timeout=20)
        assert 0.04 < watchdog.longest.seconds < 0.1
        assert watchdog.longest.wall >= watchdog.longest.seconds
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def test_a_slow_slot_of_a_button_that_the_test_presses_counts(host) -> None:
    button = host(qt.QPushButton())
    button.connect("clicked()", lambda: time.sleep(0.15))
    with Watchdog() as watchdog:
        button.click()
    assert watchdog.longest.seconds > 0.14


def test_the_test_s_own_time_is_no_block() -> None:
    with Watchdog() as watchdog:
        pump(timeout=0.05)
        time.sleep(0.5)
        pump(timeout=0.05)
    assert watchdog.longest.seconds < 0.4 and watchdog.n_beats > 3


def test_blocks_outside_slots_are_seen(host) -> None:
    class Slow(qt.QWidget):
        def paintEvent(self, event):
            time.sleep(0.2)

    widget = host(Slow())
    with Watchdog() as watchdog:
        pump(timeout=0.02)
        widget.show()
        pump(timeout=0.4)
    assert watchdog.longest.seconds > 0.15
