"""A worker's request as an operation: progress, result, error, cancel."""

from __future__ import annotations

import sys
import time

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.worker_steps import request_steps
from Testing.contract.worker.helpers import alive, fake_python


@pytest.fixture
def make_worker(tmp_path):
    made = []

    def make(python=sys.executable):
        made.append(Worker(python, folder=tmp_path / f"worker-{len(made)}"))
        return made[-1]

    yield make
    for worker in made:
        worker.stop(5.0)


def answering(tmp_path, events):
    """A worker's Python that answers each request with these events."""
    lines = "\n".join(f"    event(request, {name!r}, **{fields!r})" for name, fields in events)
    return fake_python(
        tmp_path / "python", f"for line in sys.stdin:\n    request = json.loads(line)\n{lines}\n    time.sleep(0.05)"
    )


def test_the_result_is_the_request(make_worker):
    operation = Operation(request_steps(make_worker(), ["presets", "--json"], "Listing"))
    before = time.monotonic()
    operation.step()
    assert time.monotonic() - before < 0.2
    assert len(operation.wait(timeout=30).json()) > 1


def test_progress_is_passed_on_whatever_it_holds(make_worker, tmp_path):
    told = [{"share": 0.25, "seconds_left": 3}, {"share": "?", "seconds_left": []}, {"share": 7.0}, {"share": True}]
    code = """
for line in sys.stdin:
    request = json.loads(line)
    for fields in FIELDS:
        event(request, "progress", **fields)
        time.sleep(0.2)
    event(request, "done", exit_code=0)
"""
    python = fake_python(tmp_path / "python", code.replace("FIELDS", repr(told)))
    seen = []
    operation = Operation(request_steps(make_worker(python), ["x"], "Working"), on_progress=seen.append)
    operation.wait(timeout=30)
    known = [(one.share, one.seconds_left) for one in seen]
    assert list(dict.fromkeys(known)) == [(None, None), (0.25, 3.0), (1.0, None)]
    assert all(one.text == "Working" and one.waits for one in seen)


def test_the_error_of_the_command_is_raised(make_worker):
    with pytest.raises(SSLSegmentationError, match="nowhere") as caught:
        Operation(request_steps(make_worker(), ["inspect", "/nowhere.nii"], "Reading")).wait(timeout=30)
    assert caught.value.code == "data.missing"


@pytest.mark.parametrize("accept", [(), (3,)])
def test_left_out_inputs_are_an_error_unless_they_are_accepted(make_worker, tmp_path, accept):
    fault = {"code": "data.empty", "message": "a.nii is empty.", "hint": ""}
    worker = make_worker(answering(tmp_path, [("started", {}), ("done", {"exit_code": 3, "faults": [fault]})]))
    operation = Operation(request_steps(worker, ["x"], "Working", accept=accept))
    if accept:
        assert [one.message for one in operation.wait(timeout=30).faults] == ["a.nii is empty."]
        return
    with pytest.raises(SSLSegmentationError, match="a.nii is empty"):
        operation.wait(timeout=30)


def test_a_worker_that_says_nothing_is_given_up(make_worker, tmp_path):
    worker = make_worker(answering(tmp_path, [("started", {})]))
    with pytest.raises(SSLSegmentationError) as caught:
        Operation(request_steps(worker, ["x"], "Working", patience=0.3)).wait(timeout=30)
    assert caught.value.code == "job.backend_hangs"


def test_cancelling_the_operation_ends_the_command(make_worker, tmp_path):
    worker = make_worker()
    operation = Operation(request_steps(worker, ["phantom", "ct_body", "--count", "1000", "--output", str(tmp_path)], "Making"))
    until = time.monotonic() + 30
    while not list(tmp_path.glob("images/*")) and time.monotonic() < until:
        operation.step()
        time.sleep(0.01)
    pid = worker.pid
    operation.cancel()
    before = time.monotonic()
    while alive(pid) and time.monotonic() - before < 5:
        time.sleep(0.01)
    assert time.monotonic() - before < 2.0
    assert operation.state == "cancelled"
    assert Operation(request_steps(worker, ["presets", "--json"], "Listing")).wait(timeout=30).state == "done"
