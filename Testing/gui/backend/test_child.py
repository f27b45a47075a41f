"""Helper processes end with whoever waits for them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.jobs.processes import TreeEnd, process_tree
from SSLSegmentationLib.gui.backend.child import ending, run_child, together, wait_for_ending
from SSLSegmentationLib.gui.operation import Operation, Progress
from Testing.harness.watchdog import LONGEST_BLOCK

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""


def run(*words: str, timeout: float = 30.0):
    return Operation(run_child([sys.executable, *words], text="Working …", timeout=timeout)).wait()


def test_what_a_process_wrote_is_given_back() -> None:
    finished = run("-c", "import sys; print('grüße'); print('a\\nlast words', file=sys.stderr); sys.exit(3)")
    assert (finished.code, finished.output, finished.last_line) == (3, "grüße\n", "last words")


def test_a_process_that_writes_much_does_not_stand_still() -> None:
    assert len(run("-c", "print('x' * 1_000_000)").output) == 1_000_001


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert run("-c", "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')").output == "\ufffd\ufffd"


def test_without_words_there_is_no_last_line() -> None:
    assert run("-c", "pass").last_line == ""


def test_a_process_that_takes_too_long_is_ended() -> None:
    begun = time.monotonic()
    finished = run("-c", "import time; time.sleep(600)", timeout=0.5)
    assert finished.code is None
    assert time.monotonic() - begun < 10


def test_cancelling_ends_the_whole_tree(tmp_path) -> None:
    marker = tmp_path / "child"
    operation = Operation(run_child([sys.executable, "-c", PARENT, str(marker)], text="Working …", timeout=60))
    until = time.monotonic() + 30
    while not (marker.exists() and marker.read_text()):
        assert operation.step() and time.monotonic() < until
        time.sleep(0.01)
    child = int(marker.read_text())
    assert process_tree(child) == {child}
    operation.cancel()
    assert wait_for_ending(2.0)
    assert not process_tree(child)


def test_cancelling_does_not_wait_for_a_process_that_is_slow_to_go(tmp_path, monkeypatch) -> None:
    gone_at = time.monotonic() + 1.0
    look = TreeEnd.look
    monkeypatch.setattr(TreeEnd, "look", lambda end: look(end) or time.monotonic() < gone_at)
    operation = Operation(run_child([sys.executable, "-c", "import time; time.sleep(600)"], text="Working …", timeout=60))
    operation.step()
    begun = time.monotonic()
    operation.cancel()
    assert time.monotonic() - begun < LONGEST_BLOCK
    assert ending(), "it is looked at again"
    assert wait_for_ending(5.0) and not ending()


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    steps = run_child([str(Path("/nowhere/python"))], text="Working …", timeout=1)
    with pytest.raises(FileNotFoundError):
        next(steps)


def test_work_side_by_side_keeps_its_order_and_its_limit() -> None:
    running, most = set(), []

    def work(number: int):
        running.add(number)
        most.append(len(running))
        for _step in range(5 - number):
            yield Progress("Working …")
        running.discard(number)
        return number * 10

    assert Operation(together([work(number) for number in range(5)], at_once=2)).wait() == [0, 10, 20, 30, 40]
    assert max(most) == 2


def test_work_side_by_side_is_closed_together() -> None:
    closed = []

    def work(number: int):
        try:
            while True:
                yield Progress("Working …")
        finally:
            closed.append(number)

    operation = Operation(together([work(0), work(1)], at_once=2))
    operation.step(0.0)
    operation.step(0.0)
    operation.cancel()
    assert sorted(closed) == [0, 1]
