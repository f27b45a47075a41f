"""How workers end: idle, left alone, killed, full disk; and how requests are cancelled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import SSLSegmentationLib
from SSLSegmentationLib.contract.client import backend_command, clean_environment
from Testing.contract.jobs.helpers import eventually
from Testing.contract.worker.helpers import alive, fake_python, finish, program, started

# A command that does not look whether it should stop.
LONG = ["phantom", "ct_body", "--count", "1000", "--output"]
ROOT = str(Path(SSLSegmentationLib.__file__).parents[1])

# Starts a worker and leaves it alone: idle, or with a request that runs.
PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from SSLSegmentationLib.contract.worker import Worker
worker = Worker(sys.executable, folder=sys.argv[2])
request = worker.request(sys.argv[3:])
while not (request.state == "running" if "phantom" in sys.argv else request.ended):
    request.poll()
print(worker.pid, flush=True)
time.sleep(60)
"""


def end_within(worker, request, seconds):
    """Follows a request and its worker until both have ended."""
    before = time.monotonic()
    finish(request, seconds=seconds)
    return time.monotonic() - before


@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_ends_with_whoever_started_it(tmp_path, busy):
    words = [*LONG, str(tmp_path / "out")] if busy else ["presets"]
    code = ["-c", PARENT, ROOT, str(tmp_path / "worker"), *words]
    parent = subprocess.Popen([sys.executable, *code], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.communicate()
    eventually(lambda: not alive(pid), seconds=3)


def test_a_worker_whose_parent_has_gone_ends_though_its_input_is_open(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    command = backend_command(sys.executable, ["worker", "--parent", str(gone.pid)])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=clean_environment())
    assert process.wait(20) == 0
    process.stdin.close()


@pytest.mark.parametrize("busy", [False, True])
def test_sigterm_ends_a_worker(worker, tmp_path, busy):
    request = started(worker.request([*LONG, str(tmp_path / "out")])) if busy else finish(worker.request(["presets"]))
    os.kill(worker.pid, signal.SIGTERM)
    eventually(lambda: not worker.running, seconds=5)
    assert request.state == ("cancelled" if busy else "done")


def test_an_idle_worker_gives_its_memory_back_and_starts_again(make_worker):
    worker = make_worker(idle_minutes=0.01)
    finish(worker.request(["presets"]))
    first = worker.pid
    eventually(lambda: not worker.running, seconds=10)
    assert not alive(first) and worker.pid is None and worker.hello() is not None
    assert finish(worker.request(["presets"])).state == "done"
    assert worker.pid != first


def test_a_request_sent_to_a_worker_that_just_ends_is_sent_again(make_worker):
    worker = make_worker(idle_minutes=0.01)
    finish(worker.request(["presets"]))
    eventually(lambda: not alive(worker.pid), seconds=10)
    # The client has not noticed yet.
    assert finish(worker.request(["presets"])).state == "done"


def test_a_worker_killed_in_a_request_fails_it_and_the_others_go_on(worker, tmp_path):
    first = started(worker.request([*LONG, str(tmp_path / "out")]))
    second = worker.request(["presets", "--json"])
    os.kill(worker.pid, signal.SIGKILL)
    assert finish(first).state == "failed"
    assert first.error.code == "job.backend_died" and "signal 9" in first.error.message
    assert str(worker.log) in first.error.hint
    assert finish(second).state == "done"
    assert finish(worker.request(["presets"])).state == "done"


def test_garbage_sent_to_a_worker_is_skipped(tmp_path):
    good = {"id": "1", "folder": str(tmp_path), "words": ["presets", "--json"]}
    wrong = [b"nonsense", b"\xff\xfe", b"[1]", b"{}", b'{"id": 1, "folder": "x", "words": []}', b"[" * 100_000, b"x" * 3_000_000]
    wrong += [json.dumps({**good, **change}).encode() for change in ({"words": "presets"}, {"words": [1]}, {"folder": ""})]
    wrong += [json.dumps({**good, "folder": "/nowhere/at all"}).encode(), b""]
    lines = b"\n".join([*wrong, json.dumps(good).encode()]) + b"\n"
    command = backend_command(sys.executable, ["worker"])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(lines)
    process.stdin.flush()
    eventually(lambda: b'"done"' in (tmp_path / "events.jsonl").read_bytes() if (tmp_path / "events.jsonl").exists() else False)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and out == b"" and b"Traceback" not in err
    assert len(json.loads((tmp_path / "output.txt").read_text())) > 1
    assert err.count(b"is no request") == 10


def test_garbage_among_the_events_is_skipped(make_worker, tmp_path):
    python = fake_python(
        tmp_path / "python",
        """
for line in sys.stdin:
    request = json.loads(line)
    with open(request["folder"] + "/events.jsonl", "ab") as handle:
        handle.write(b"\\xff\\xfe no json\\n" + b"x" * 2_000_000 + b'\\n{"event": 5}\\n[]\\n')
    event(request, "started")
    event(request, "progress", share="half", seconds_left=[])
    event(request, "unheard of")
    event(request, "done", exit_code="none", faults=[1, {"code": "data.new", "message": "m"}])
    event(request, "error", code="data.empty", message="after the end")
""",
    )
    events = []
    request = finish(make_worker(python=python).request(["x"]), events=events)
    assert [event.event for event in events] == ["started", "progress", "done"]
    assert (request.state, request.exit_code, request.output) == ("done", 0, "")
    assert [fault.message for fault in request.faults] == ["m"]


def test_a_command_that_does_not_stop_is_ended_with_its_worker_within_two_seconds(worker, tmp_path):
    request = started(worker.request([*LONG, str(tmp_path / "out")]))
    pid = worker.pid
    request.cancel()
    assert request.state == "running"
    assert end_within(worker, request, 2.0) < 2.0
    assert (request.state, request.error.code) == ("cancelled", "job.cancelled")
    eventually(lambda: not alive(pid), seconds=0.5)
    assert finish(worker.request(["presets"])).state == "done"


def test_a_cancelled_command_ends_though_nobody_looks(worker, tmp_path):
    request = started(worker.request([*LONG, str(tmp_path / "out")]))
    pid = worker.pid
    request.cancel()
    eventually(lambda: not alive(pid), seconds=2)


def test_a_request_that_waits_is_cancelled_at_once_and_the_one_before_it_goes_on(worker, tmp_path):
    first = started(worker.request(["phantom", "ct_body", "--count", "3", "--output", str(tmp_path / "a")]))
    second = worker.request([*LONG, str(tmp_path / "b")])
    second.cancel()
    assert second.state == "cancelled" and second.error.code == "job.cancelled"
    assert finish(first).state == "done"
    assert finish(worker.request(["presets"])).state == "done"
    assert not (tmp_path / "b").exists()


def test_a_measurement_stops_between_scans_and_its_worker_stays_warm(worker, phantoms, tmp_path):
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        for number in range(300):
            source = sorted((phantoms / part).iterdir())[0]
            (tmp_path / part / f"{number}.nii.gz").symlink_to(source)
    words = ["measure", "--image", str(tmp_path / "images"), "--labels", str(tmp_path / "labels"), "--output"]
    request = started(worker.request([*words, str(tmp_path / "t.csv")]))
    eventually(lambda: any(event.event == "progress" for event in request.poll()))
    pid = worker.pid
    request.cancel()
    assert end_within(worker, request, 2.0) < 2.0
    assert request.state == "cancelled" and worker.pid == pid and not (tmp_path / "t.csv").exists()
    assert finish(worker.request(["presets"])).state == "done"
    assert worker.pid == pid


def test_a_stuck_worker_is_noticed_and_its_whole_tree_ends(make_worker, tmp_path):
    python = fake_python(
        tmp_path / "python",
        """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
request = json.loads(sys.stdin.readline())
child = [sys.executable, "-c", "import time; time.sleep(60)"]
pids = [subprocess.Popen(child).pid, subprocess.Popen(child, start_new_session=True).pid]
event(request, "started", pids=pids)
time.sleep(60)
""",
    )
    worker = make_worker(python=python)
    events = []
    request = started(worker.request(["x"]), events=events)
    (event,) = events
    tree = [worker.pid, *event.fields["pids"]]
    assert not request.hangs(10)
    eventually(lambda: request.hangs(0.2), seconds=2)
    request.cancel()
    assert end_within(worker, request, 2.0) < 2.0
    assert request.state == "cancelled" and not request.hangs(0.0)
    assert not any(alive(pid) for pid in tree)


def test_nothing_waits_for_a_worker_that_stands_still(worker):
    finish(worker.request(["presets"]))
    os.kill(worker.pid, signal.SIGSTOP)
    before = time.monotonic()
    requests = [worker.request(["inspect", *["x" * 200] * 1000]) for _ in range(5)]
    for request in requests:
        request.poll()
    assert time.monotonic() - before < 1.0
    assert {request.state for request in requests} == {"waiting"}
    os.kill(worker.pid, signal.SIGCONT)
    assert [finish(request).error.code for request in requests] == ["data.missing"] * 5


def test_stopping_ends_all_that_runs(worker, tmp_path):
    running = started(worker.request([*LONG, str(tmp_path / "out")]))
    waiting = worker.request(["presets"])
    pid = worker.pid
    before = time.monotonic()
    worker.stop(grace=0.2)
    assert time.monotonic() - before < 1.5
    assert not alive(pid) and not worker.running
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    worker.stop()


def test_a_worker_that_was_asked_to_end_is_not_waited_for_and_ends_all_the_same(make_worker, tmp_path):
    worker = make_worker(python=fake_python(tmp_path / "python", "time.sleep(60)"))
    request = worker.request(["presets"])
    eventually(lambda: worker.hello() is not None, seconds=30)
    pid = worker.pid
    before = time.monotonic()
    worker.end()
    assert time.monotonic() - before < 0.1
    assert request.state == "cancelled" and alive(pid)
    eventually(lambda: not worker.running, seconds=5)
    assert not alive(pid)


@pytest.mark.parametrize("python", ["/nowhere/python", "/etc/hostname"])
def test_a_python_that_is_none_is_an_error_at_once(make_worker, python):
    with pytest.raises(Exception, match=python) as caught:
        make_worker(python=python).request(["presets"])
    assert caught.value.code == "environment.missing_package"


def test_a_python_that_is_broken_fails_the_request_with_its_last_words(make_worker, tmp_path):
    python = program(tmp_path / "python", "import sys; sys.exit('libpython.so: cannot open shared object file')")
    request = finish(make_worker(python=python).request(["presets"]))
    assert request.error.code == "job.backend_died" and "cannot open shared object" in request.error.message
    assert "exit code 1" in request.error.message


def test_a_worker_that_refuses_its_own_start_says_why(make_worker, tmp_path):
    python = program(
        tmp_path / "python", "import sys; sys.exit('error: torch is not installed. Install it. [environment.no_torch]')"
    )
    request = finish(make_worker(python=python).request(["presets"]))
    assert request.error.code == "environment.no_torch"


def test_a_full_disk_is_named(make_worker, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -f 1\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    worker = make_worker(python=python)
    request = finish(worker.request(["presets", "default"]))
    assert (request.state, request.error.code) == ("failed", "disk.full"), request.error


def test_a_client_that_has_its_broken_pipes_kill_it_survives_a_dead_worker(tmp_path):
    code = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from SSLSegmentationLib.contract.worker import Worker
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
worker = Worker(sys.executable, folder=sys.argv[2])
first = worker.request(["presets"])
while not first.ended:
    first.poll()
worker._backend._process.poll = lambda: None
os.kill(worker.pid, signal.SIGKILL)
time.sleep(0.3)
worker._backend.send(b"{}" * 100)
del worker._backend._process.poll
second = worker.request(["presets"])
while not second.ended:
    second.poll()
print(second.state, signal.getsignal(signal.SIGPIPE).name)
worker.stop()
"""
    done = subprocess.run([sys.executable, "-c", code, ROOT, str(tmp_path / "w")], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["done", "SIG_DFL"], done.stderr
