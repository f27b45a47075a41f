"""Real installations of tiny packages: finished, cancelled, failed, and done again. Slicer's own packages never change."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.client import clean_environment
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import FileLock
from SSLSegmentationLib.contract.jobs.processes import process_tree
from SSLSegmentationLib.gui.backend.child import wait_for_ending
from SSLSegmentationLib.gui.backend.installed import LOCK_NAME, LOG_NAME, begin_environment, environments, read_backend
from SSLSegmentationLib.gui.backend.installing import install
from SSLSegmentationLib.gui.backend.packages import Build
from SSLSegmentationLib.gui.backend.slicer_packages import differences, snapshot
from SSLSegmentationLib.gui.operation import Operation
from Testing.gui.backend.conftest import wait_for_removals
from Testing.gui.backend.wheels import TORCH, local_plan, make_slow_package, make_wheel, make_wheels
from Testing.harness.record import processor_wait
from Testing.harness.watchdog import LONGEST_BLOCK

POISON = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "PIP_TARGET", "PIP_PREFIX", "VIRTUAL_ENV")


def installed(plan, **callbacks):
    return Operation(install(plan), **callbacks).wait()


def failing(plan) -> SSLSegmentationError:
    """The error of an installation, after which nothing half-made is left."""
    with pytest.raises(SSLSegmentationError) as caught:
        installed(plan)
    wait_for_removals()
    assert environments(plan.folder) == []
    assert read_backend(plan.folder) is None
    return caught.value


def log_of(plan) -> str:
    return (plan.folder / LOG_NAME).read_text(encoding="utf-8")


@contextlib.contextmanager
def mounted(folder: Path, options: str):
    """A small disk of its own, where this user may mount one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        wait_for_removals()
        subprocess.run(["umount", str(folder)], check=True)


def test_a_backend_is_made_in_a_poisoned_environment_and_slicer_stays_as_it_was(tmp_path, wheels, monkeypatch) -> None:
    for name in POISON:
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    before = snapshot()
    plan = local_plan(sys.executable, folder=tmp_path / "Rückgrat für Anna", wheels=wheels)
    seen, steps = [], []
    operation = Operation(install(plan), on_progress=seen.append)
    while True:
        begun, waited = time.perf_counter(), processor_wait()
        more = operation.step(0.0)
        # Less the time in which other programs had the processor.
        steps.append(time.perf_counter() - begun - (processor_wait() - waited))
        if not more:
            break
        time.sleep(0.01)
    backend = operation.result
    assert max(steps) < LONGEST_BLOCK, "a step held up the window"
    assert read_backend(plan.folder) == backend
    assert backend.python == str(plan.folder / "backend-1" / "bin" / "python")
    assert differences(before, snapshot()) == ()
    assert not (tmp_path / "nowhere").exists()
    texts = list(dict.fromkeys(progress.text for progress in seen))
    assert texts[:2] == ["Looking for Python …", "Making an environment …"]
    assert texts[-1] == "Checking the backend …"
    shares = [progress.share for progress in seen if progress.share is not None]
    assert shares == sorted(shares) and 0.9 < shares[-1] < 1
    assert "Successfully installed" in log_of(plan) and "torch 9.1.0 · CPU" in log_of(plan)
    assert not (Path(backend.folder) / "tmp").exists()
    listing = subprocess.run(
        [backend.python, "-m", "pip", "list", "--format", "json"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    # pip may add what it thinks of its own version.
    names = {entry["name"].lower() for entry in json.loads(listing.stdout.splitlines()[0])}
    assert {"torch", "numpy", "simpleitk", "pyyaml"} <= names


def test_a_new_backend_takes_the_place_of_the_old_one_only_when_it_works(tmp_path, wheels) -> None:
    folder = tmp_path / "backend"
    first = installed(local_plan(sys.executable, folder=folder, wheels=wheels))
    broken = make_wheels(tmp_path / "broken", torch="raise ImportError('libtorch.so: cannot open')")
    with pytest.raises(SSLSegmentationError) as caught:
        installed(local_plan(sys.executable, folder=folder, wheels=broken))
    assert caught.value.code == "environment.no_torch"
    assert "libtorch.so" in caught.value.message
    wait_for_removals()
    assert read_backend(folder) == first
    assert [path.name for path in environments(folder)] == ["backend-1"]
    begin_environment(folder / "backend-7")
    second = installed(local_plan(sys.executable, folder=folder, wheels=wheels))
    wait_for_removals()
    assert read_backend(folder) == second
    assert [path.name for path in environments(folder)] == ["backend-8"]


def test_cancelling_ends_pip_and_all_that_it_started_and_removes_what_was_begun(tmp_path, wheels) -> None:
    marker = tmp_path / "started"
    source = make_slow_package(tmp_path, marker)
    plan = local_plan(sys.executable, folder=tmp_path / "backend", wheels=wheels, requirements=(str(source),))
    operation = Operation(install(plan))
    until = time.monotonic() + 120
    while not (marker.exists() and len(marker.read_text().split()) == 2):
        assert operation.step() and time.monotonic() < until, operation.error
        time.sleep(0.02)
    pids = [int(word) for word in marker.read_text().split()]
    assert all(process_tree(pid) for pid in pids)
    assert [path.name for path in environments(plan.folder)] == ["backend-1"]
    begun = time.monotonic()
    operation.cancel()
    assert time.monotonic() - begun < LONGEST_BLOCK, "the window waits for the end of the processes"
    assert wait_for_ending(2.0)
    assert not any(process_tree(pid) for pid in pids)
    wait_for_removals()
    assert environments(plan.folder) == []
    again = local_plan(sys.executable, folder=plan.folder, wheels=wheels)
    assert installed(again) == read_backend(plan.folder)


def test_a_python_that_does_not_work_is_refused_before_anything_is_written(tmp_path, wheels) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho 'library missing' >&2\nexit 1\n")
    python.chmod(0o755)
    error = failing(local_plan(str(python), folder=tmp_path / "backend", wheels=wheels))
    assert error.code == "environment.missing_package"
    assert "library missing" in error.message
    assert "Choose another Python" in error.hint
    assert not (tmp_path / "backend").exists()


def test_a_python_that_makes_its_environments_elsewhere_is_named(tmp_path, wheels) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\ncase "$*" in *"-m venv "*) exit 0;; esac\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    error = failing(local_plan(str(python), folder=tmp_path / "backend", wheels=wheels))
    assert (error.code, error.message) == (
        "environment.missing_package",
        f"{python} has made no environment in {tmp_path / 'backend' / 'backend-1'}.",
    )
    assert "python.org" in error.hint


def test_without_a_network_the_reason_and_a_remedy_are_told(tmp_path) -> None:
    plan = local_plan(sys.executable, folder=tmp_path / "backend", wheels=tmp_path)
    options = ("--index-url", "http://user:secret@127.0.0.1:9/simple", "--retries", "1", "--timeout", "1")
    error = failing(replace(plan, pip_options=options))
    assert "no connection to the package index" in error.message
    assert "press 'Install' again" in error.hint
    assert "127.0.0.1" in log_of(plan)
    assert "secret" not in log_of(plan)


def test_a_build_of_torch_is_installed_first_from_its_own_index_into_a_very_long_folder(tmp_path, wheels, monkeypatch) -> None:
    index = tmp_path / "index" / "torch"
    index.mkdir(parents=True)
    wheel = make_wheel(index, "torch", "9.2.0", {"torch/__init__.py": (TORCH + "\nversion.cuda = '12.8'\n").encode()})
    (index / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    folder = tmp_path.joinpath(*(f"{number}-" + "ä" * 90 for number in range(7)))
    assert len(os.fsencode(folder)) > 1200
    plan = local_plan(sys.executable, folder=folder, wheels=wheels)
    plan = replace(plan, build=Build("own", index.parent.as_uri()), pip_options=("--find-links", str(wheels)))
    # The second command has no index to ask but the folder.
    monkeypatch.setenv("PIP_INDEX_URL", index.parent.as_uri())
    backend = installed(plan)
    assert list(Path(backend.folder).glob("lib/*/site-packages/torch-9.2.0.dist-info"))
    assert log_of(plan).count("-m pip install") == 2


def test_too_little_space_is_told_before_anything_is_written(tmp_path, wheels) -> None:
    plan = local_plan(sys.executable, folder=tmp_path / "backend", wheels=wheels)
    error = failing(replace(plan, download_bytes=3 * 10**9, disk_bytes=7 * 10**9, free_bytes=4 * 10**9))
    assert error.code == "disk.full"
    assert "10.0 GB are needed" in error.message and "4.0 GB are free" in error.message
    assert not plan.folder.exists()


def test_a_disk_that_fills_up_is_named_and_left_clean(tmp_path, wheels) -> None:
    big = make_wheel(tmp_path / "big", "torch", "9.1.0", {"torch/data.bin": bytes(60_000_000)}).parent
    with mounted(tmp_path / "disk", "size=45m") as disk:
        plan = local_plan(sys.executable, folder=disk / "backend", wheels=big, requirements=("torch",))
        error = failing(plan)
    assert error.code == "disk.full"
    assert "Free some space" in error.hint


def test_a_disk_that_is_too_small_for_the_environment_is_named(tmp_path, wheels) -> None:
    with mounted(tmp_path / "disk", "size=2m") as disk:
        error = failing(local_plan(sys.executable, folder=disk / "backend", wheels=wheels))
    assert error.code == "disk.full"


def test_a_folder_that_can_only_be_read_is_named(tmp_path, wheels) -> None:
    with mounted(tmp_path / "disk", "size=2m,ro") as disk:
        plan = local_plan(sys.executable, folder=tmp_path / "elsewhere", wheels=wheels)
        error = failing(replace(plan, folder=disk / "backend"))
    assert error.code == "disk.read_only"


def test_two_installations_at_once_are_refused(tmp_path, wheels) -> None:
    plan = local_plan(sys.executable, folder=tmp_path / "backend", wheels=wheels)
    plan.folder.mkdir()
    lock = FileLock(plan.folder / LOCK_NAME)
    assert lock.acquire()
    try:
        assert failing(plan).code == "job.in_use"
    finally:
        lock.release()
