"""Command lines through a real worker: their output, their errors, and what they tell while they run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from SSLSegmentationLib import __version__, cli
from Testing.contract.jobs.helpers import eventually
from Testing.contract.test_client import POISON
from Testing.contract.worker.helpers import finish, real_python

MISSING = ("torch", "nibabel", "yaml", "matplotlib", "safetensors", "psutil", "pandas")
BLOCKED = f"import sys\nfor name in {MISSING}: sys.modules[name] = None"


@pytest.fixture
def bare_python(tmp_path):
    """A Python without the packages that Slicer's lacks."""
    return real_python(tmp_path / "bare-python", prelude=BLOCKED)


def scans(phantoms):
    return sorted((phantoms / "images").iterdir())


def test_a_request_gives_what_the_command_line_prints(worker, phantoms, capsys):
    words = ["inspect", str(scans(phantoms)[0]), "--json"]
    request = finish(worker.request(words))
    assert (request.state, request.exit_code, request.error, request.faults) == ("done", 0, None, ())
    assert cli.main(words) == 0
    assert request.json() == json.loads(capsys.readouterr().out)


def test_requests_are_answered_in_order_by_one_process(worker, phantoms):
    requests = [worker.request(["inspect", str(path), "--json"]) for path in scans(phantoms)]
    events = []
    for request in reversed(requests):
        finish(request, events=events)
        events += request.poll()
    pids = {event.fields["pid"] for event in events if event.event == "started"}
    assert len(events) == 4 and pids == {worker.pid}
    assert [request.json()[0]["path"] for request in requests] == [str(path) for path in scans(phantoms)]
    assert not any((worker.folder / "requests").iterdir())


def test_a_second_request_needs_no_start(worker, phantoms):
    for limit in (20, 2):
        finish(worker.request(["inspect", str(scans(phantoms)[0])]), seconds=limit)


def test_measure_and_evaluate_run_without_torch_and_tell_how_far_they_are(make_worker, bare_python, phantoms, tmp_path):
    worker = make_worker(python=bare_python)
    labels = str(phantoms / "labels")
    words = ["measure", "--image", str(phantoms / "images"), "--labels", labels, "--output", str(tmp_path / "t.csv"), "--json"]
    events = []
    measured = finish(worker.request(words), events=events)
    assert [event.event for event in events][0] == "started" and events[-1].event == "done"
    shares = [event.fields["share"] for event in events if event.event == "progress"]
    assert len(shares) > 1 and shares == sorted(shares) and shares[-1] == 1.0
    assert {row["scan"] for row in measured.json()["rows"]} == {path.name.split(".")[0] for path in scans(phantoms)}
    words = ["evaluate", "--prediction", labels, "--reference", labels, "--output", str(tmp_path / "e.csv"), "--json"]
    compared = finish(worker.request(words), events=events)
    assert compared.json()["summary"]["mean_dice"] == 1.0
    assert events[-2].fields["share"] == 1.0
    assert worker.hello()["torch"] is False


def test_a_worker_without_torch_says_so_when_asked_to_predict(make_worker, bare_python, phantoms, tmp_path):
    request = finish(make_worker(python=bare_python).request(["predict", str(tmp_path), "x", "--output", "out"]))
    assert request.state == "failed" and request.error.code == "model.invalid"


def test_hello_tells_what_this_python_can_do(worker):
    assert worker.hello() is None
    finish(worker.request(["presets", "--json"]))
    hello = worker.hello()
    assert (hello["version"], hello["pid"], hello["torch"]) == (__version__, worker.pid, True)
    assert {"context_prediction", "context_restoration"} <= {task["name"] for task in hello["tasks"]}
    assert hello["tasks_problem"] == ""


def test_hello_tells_why_there_are_no_tasks(make_worker, tmp_path):
    python = real_python(tmp_path / "old-python", prelude="import sys; sys.modules['numpy'] = None")
    worker = make_worker(python=python)
    finish(worker.request(["presets"]))
    assert worker.hello()["tasks"] == [] and "numpy" in worker.hello()["tasks_problem"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["measure", "--image", "a"], "usage.arguments"),
        (["nonsense"], "usage.arguments"),
        ([], "usage.arguments"),
        (["worker"], "usage.arguments"),
        (["inspect", "/nowhere/ä.nii.gz"], "data.missing"),
        (["phantom", "nothing", "--output", "x"], "usage.arguments"),
    ],
)
def test_an_error_of_the_command_is_the_requests(worker, words, code):
    request = finish(worker.request(words))
    assert (request.state, request.error.code) == ("failed", code)
    assert request.exit_code == request.error.exit_code
    with pytest.raises(type(request.error)):
        request.json()
    assert finish(worker.request(["presets", "--json"])).state == "done"


def test_help_is_no_error_and_text_is_no_json(worker):
    request = finish(worker.request(["measure", "--help"]))
    assert request.state == "done" and "--labels" in request.output
    with pytest.raises(Exception, match="gave no JSON"):
        request.json()


def test_another_programs_settings_do_no_harm(make_worker, phantoms):
    worker = make_worker(environment={**os.environ, **POISON})
    assert finish(worker.request(["inspect", str(scans(phantoms)[0]), "--json"])).state == "done"


def test_names_may_be_long_and_in_any_script(make_worker, phantoms, tmp_path):
    folder = tmp_path / ("ordner mit leerzeichen und ümläuten 骨" * 3) / ("x" * 120)
    worker = make_worker(folder)
    folder.mkdir(parents=True)
    scan = folder / "größe 肝臓 '\".nii.gz"
    scan.write_bytes(scans(phantoms)[0].read_bytes())
    request = finish(worker.request(["inspect", str(scan), "--json"]))
    assert request.json()[0]["path"] == str(scan)


def test_two_workers_do_not_disturb_each_other(make_worker, phantoms):
    first, second = make_worker("a"), make_worker("b")
    requests = [one.request(["inspect", str(scans(phantoms)[0]), "--json"]) for one in (first, second)]
    answers = [finish(request).json() for request in requests]
    assert answers[0] == answers[1] and first.pid != second.pid


def test_a_folder_belongs_to_one_client(make_worker):
    first, second = make_worker("same"), make_worker("same")
    first.warm()
    with pytest.raises(Exception, match="Another program") as caught:
        second.request(["presets"])
    assert caught.value.code == "job.in_use"
    first.stop()
    assert finish(second.request(["presets"])).state == "done"


@pytest.mark.parametrize(("command", "imported"), [("predict", "True False"), ("measure", "False True")])
def test_a_warm_start_imports_what_the_command_needs_and_no_more(make_worker, tmp_path, command, imported):
    asked = ("torch", "SSLSegmentationLib.imaging.commands.measure")
    told = f"lambda: print(*(name in sys.modules for name in {asked}))"
    python = real_python(tmp_path / "python", prelude=f"import atexit, sys; atexit.register({told})")
    worker = make_worker(python=python, idle_minutes=0.001, command=command)
    worker.warm()
    assert worker.running
    eventually(lambda: not worker.running, seconds=60)
    assert worker.log.read_text().splitlines()[-1] == imported


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_the_requests_are_not_stdin_so_that_nothing_else_waits_for_them(worker):
    worker.warm()
    eventually(lambda: worker.hello() is not None, seconds=60)
    assert Path(f"/proc/{worker.pid}/fd/0").readlink() == Path(os.devnull)
    assert finish(worker.request(["presets", "--json"])).state == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="makes the Python a shell script")
def test_slicers_own_launcher_gets_no_isolated_python(make_worker, tmp_path, phantoms):
    launcher = tmp_path / "PythonSlicer"
    launcher.write_text(f'#!/bin/sh\ncase " $* " in *" -I "*) exit 9;; esac\n"{sys.executable}" "$@"\n')
    launcher.chmod(0o755)
    worker = make_worker(python=launcher)
    assert finish(worker.request(["inspect", str(scans(phantoms)[0]), "--json"])).state == "done"
