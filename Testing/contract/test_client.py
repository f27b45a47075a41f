"""The client against real processes: sound ones, and ones that die, hang, babble or never start."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import SSLSegmentationLib
from SSLSegmentationLib.contract.client import attach, backend_command, clean_environment, list_jobs, start
from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import FileLock, JobFolder
from Testing.contract.jobs.helpers import SCRIPT, eventually, is_ready, start_job
from Testing.contract.jobs.test_job_folder import write_state

POISON = {
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere/site-packages",
    "PYTHONSTARTUP": "/nowhere/startup.py",
    "LD_LIBRARY_PATH": "/nowhere/lib",
    "LD_PRELOAD": "/nowhere/lib.so",
    "QT_PLUGIN_PATH": "/nowhere/qt",
    "ITK_AUTOLOAD_PATH": "/nowhere/itk",
    "SSL_CERT_FILE": "/nowhere/cert.pem",
    "CONDA_PREFIX": "/nowhere/conda",
    "VIRTUAL_ENV": "/nowhere/venv",
    "LANG": "C",
    "LC_ALL": "C",
}


@pytest.fixture
def backend(tmp_path):
    """Makes a backend: a program that takes a Python's arguments and runs the small job in a given mode."""

    def make(mode: str, *, prelude: str = "") -> Path:
        program = tmp_path / f"python-{mode}"
        words = f'[{sys.executable!r}, {str(SCRIPT)!r}, job, {mode!r}] + [word for word in sys.argv if word == "--resume"]'
        program.write_text(
            f"#!{sys.executable}\nimport os, sys\n{prelude}\njob = sys.argv[sys.argv.index('--job') + 1]\n"
            f"os.execv({sys.executable!r}, {words})\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    return make


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def test_a_job_is_started_followed_and_done(tmp_path, backend):
    job = start("pretrain", Config(), job=tmp_path / "a job ä", python=backend("none"))
    assert job.wait(20) == "done"
    assert [event.event for event in job.poll()] == ["started", "phase", "done"]
    assert job.poll() == []
    assert job.last_error() is None
    assert parse(json.loads((tmp_path / "a job ä" / "request.json").read_text(encoding="utf-8"))) == Config()


def test_relative_paths_are_taken_from_where_the_job_was_started(tmp_path, backend, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    program = backend("none", prelude="assert os.path.isdir(sys.argv[sys.argv.index('--pretrained') + 1])")
    job = start("finetune", {}, job="job", python=f"./{program.name}", extra_args=("--pretrained", "model"))
    assert job.wait(20) == "done", job.last_error()


def test_a_job_runs_apart_from_who_started_it(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("steps"))
    eventually(lambda: is_ready(tmp_path / "job"))
    pid = JobFolder(tmp_path / "job").read_status().pid
    assert os.getsid(pid) == pid != os.getsid(0)
    assert Path(f"/proc/{pid}/fd/0").resolve() == Path(os.devnull)
    for number in (1, 2):
        assert Path(f"/proc/{pid}/fd/{number}").resolve() == (tmp_path / "job" / "log.txt").resolve()
    assert job.cancel() == "cancelled"


def test_a_job_outlives_who_started_it(tmp_path, backend):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from SSLSegmentationLib.contract.client import start; "
        "start('pretrain', {}, job=sys.argv[2], python=sys.argv[3])"
    )
    root = str(Path(SSLSegmentationLib.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code, root, str(tmp_path / "job"), str(backend("steps"))], check=True)
    eventually(lambda: is_ready(tmp_path / "job"))
    job = attach(tmp_path / "job")
    assert job.state() == "running"
    assert job.cancel() == "cancelled"


def test_an_orderly_cancel_is_quick(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("steps"))
    eventually(lambda: is_ready(tmp_path / "job"))
    before = time.monotonic()
    assert job.cancel() == "cancelled"
    assert time.monotonic() - before < 1.5
    assert job.last_error().code == "job.cancelled"
    assert job.cancel() == "cancelled"


@pytest.mark.parametrize("found_again", [False, True])
def test_a_deaf_job_is_gone_within_two_seconds_with_all_that_it_started(tmp_path, backend, found_again):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("deaf"))
    children = []
    eventually(
        lambda: children.extend(event.fields["children"] for event in job.poll() if "children" in event.fields) or children
    )
    tree = [JobFolder(tmp_path / "job").read_status().pid, *children[0]]
    assert all(alive(pid) for pid in tree)
    handle = attach(tmp_path / "job") if found_again else job
    before = time.monotonic()
    state = handle.cancel(grace=2.0)
    assert time.monotonic() - before < 2.5
    assert not any(alive(pid) for pid in tree)
    assert state == "interrupted" and not (tmp_path / "job" / "cancel").exists()
    job.wait(5)


def test_a_backend_that_dies_at_its_start_is_failed_with_its_last_words(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'libpython3.so: cannot open shared object file' >&2\nexit 127\n")
    program.chmod(0o755)
    job = start("pretrain", {}, job=tmp_path / "job", python=program)
    assert job.wait(10) == "failed"
    error = job.last_error()
    assert error.code == "job.backend_died" and "127" in error.message and "cannot open shared object" in error.message


def test_a_backend_that_says_nothing_at_all_has_an_error_still(tmp_path):
    job = start("pretrain", {}, job=tmp_path / "job", python="/bin/false")
    assert job.wait(10) == "failed"
    assert "exit code 1" in job.last_error().message


def test_a_backend_cancelled_before_it_took_the_folder_is_cancelled(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    job = start("pretrain", {}, job=tmp_path / "job", python=program)
    assert job.state() == "running"
    assert job.cancel(grace=0.5) == "cancelled"


@pytest.mark.parametrize("python", ["/nowhere/python", "/etc/hostname", "/tmp"])
def test_a_python_that_is_none_is_an_error_at_once(tmp_path, python):
    with pytest.raises(SSLSegmentationError) as caught:
        start("pretrain", {}, job=tmp_path / "job", python=python)
    assert caught.value.exit_code == 4 and python in caught.value.message


def test_a_backend_that_dies_in_its_run_is_interrupted(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("die"))
    assert job.wait(20) == "interrupted"
    assert job.last_error().code == "job.backend_died"
    resumed = start("pretrain", {}, job=tmp_path / "job", python=backend("none"), extra_args=["--resume"])
    assert resumed.wait(20) == "done"


def test_the_error_of_a_run_is_told_as_it_was(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("refuse"))
    assert job.wait(20) == "failed"
    error = job.last_error()
    assert (error.code, error.message) == ("data.empty", "scan.nii.gz is empty.")


def test_an_error_of_a_later_version_is_told_still(tmp_path):
    folder = write_state(tmp_path, "failed")
    folder.status.write_text(json.dumps({"state": "failed", "error": {"code": "data.new", "message": "m"}}))
    assert attach(tmp_path).last_error().message == "m"


def test_babble_in_the_events_and_the_output_does_no_harm(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("babble"))
    assert job.wait(20) == "done"
    assert [event.event for event in job.poll()] == ["started", "phase", "done"]
    assert all(len(line) <= 8192 for line in job.log_tail())


def test_a_job_that_is_not_heard_of_hangs(tmp_path, backend):
    job = start("pretrain", {}, job=tmp_path / "job", python=backend("deaf"))
    eventually(lambda: is_ready(tmp_path / "job"))
    job.poll()
    assert not job.hangs(30)
    eventually(lambda: job.hangs(0.3), seconds=5)
    assert not attach(tmp_path / "job").hangs(30)
    job.cancel(grace=0.3)
    assert not job.hangs(0)


def test_a_job_that_anyone_started_is_found_again(tmp_path):
    process = start_job(tmp_path / "job", "steps")
    eventually(lambda: is_ready(tmp_path / "job"))
    job = attach(tmp_path / "job")
    assert job.state() == "running" and job.wait(0.05) == "running"
    assert job.cancel(grace=4) == "cancelled"
    process.communicate()
    assert process.returncode == 8


def test_a_job_of_another_computer_is_only_asked_to_stop(tmp_path):
    folder = write_state(tmp_path, "running")
    folder.status.write_text(json.dumps({"state": "running", "pid": os.getpid(), "host": "elsewhere"}))
    lock = FileLock(folder.lock)
    lock.acquire()
    assert attach(tmp_path).cancel(grace=0.2) == "running"
    assert folder.cancel.is_file()
    lock.release()


def test_what_is_no_job_cannot_be_attached(tmp_path):
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(SSLSegmentationError, match="holds no job"):
            attach(folder)


def test_a_folder_in_use_or_used_is_refused_before_anything_is_written(tmp_path, backend):
    folder = write_state(tmp_path / "job", "done")
    before = sorted(path.name for path in folder.path.iterdir())
    with pytest.raises(SSLSegmentationError) as caught:
        start("pretrain", {}, job=folder.path, python=backend("none"))
    assert caught.value.code == "job.exists"
    with pytest.raises(SSLSegmentationError) as caught:
        start("pretrain", {}, job=tmp_path / "new", python=backend("none"), extra_args=["--resume"])
    assert caught.value.code == "job.nothing_to_resume" and not (tmp_path / "new").exists()
    lock = FileLock(folder.lock)
    lock.acquire()
    with pytest.raises(SSLSegmentationError) as caught:
        start("pretrain", {}, job=folder.path, python=backend("none"))
    assert caught.value.code == "job.in_use"
    lock.release()
    assert sorted(path.name for path in folder.path.iterdir() if path.name != "lock") == before


def test_a_config_that_is_wrong_is_refused_at_once(tmp_path):
    with pytest.raises(SSLSegmentationError, match="max_step"):
        start("pretrain", {"train": {"max_step": 1}}, job=tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_jobs_are_listed_by_name_with_their_states(tmp_path):
    for name, state in (("b", "done"), ("a", "running"), ("c", "failed")):
        write_state(tmp_path / name, state)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").touch()
    jobs = list_jobs(tmp_path)
    assert [(job.folder.path.name, job.state()) for job in jobs] == [("a", "interrupted"), ("b", "done"), ("c", "failed")]
    assert [job.folder.path.name for job in list_jobs(tmp_path / "b")] == ["b"]
    assert list_jobs(tmp_path / "notes") == ()
    with pytest.raises(SSLSegmentationError):
        list_jobs(tmp_path / "gone")


def test_another_programs_settings_do_not_reach_the_backend():
    kept = clean_environment({**POISON, "PATH": "/bin", "HOME": "/root"})
    assert kept == {"PATH": "/bin", "HOME": "/root", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def test_the_real_backend_starts_in_a_poisoned_environment(tmp_path):
    environment = clean_environment({**os.environ, **POISON})
    done = subprocess.run(
        backend_command(sys.executable, ["presets", "--json"]), env=environment, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {entry["name"] for entry in json.loads(done.stdout)} >= {"default", "quick"}


def test_packages_beside_ours_do_not_come_before_those_of_the_backend(tmp_path):
    command = backend_command(sys.executable, [])
    command[command.index("-c") + 1] = command[command.index("-c") + 1].replace(
        "from SSLSegmentationLib.cli import main\nsys.exit(main())",
        "import SSLSegmentationLib as own; print(own.__path__[0]); print(*sys.path, sep='\\n')",
    )
    done = subprocess.run(command, env=clean_environment(), cwd=tmp_path, capture_output=True, text=True, check=True)
    own, *path = done.stdout.splitlines()
    assert Path(own) == Path(SSLSegmentationLib.__file__).parent
    assert Path(path[-1]) == Path(own).parent
    assert str(tmp_path) not in path


def test_the_real_backend_refuses_data_that_are_not_there_in_one_line(tmp_path):
    config = parse({"data": {"images": "gone"}, "train": {"max_steps": 1}}, base=tmp_path)
    job = start("pretrain", config, job=tmp_path / "job", environment={**os.environ, **POISON})
    assert job.wait(120) == "failed"
    error = job.last_error()
    assert error.exit_code == 3, error
    assert str(tmp_path / "gone") in error.message
