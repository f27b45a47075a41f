"""Several processes at one cache, killed builders, full disks: always whole entries or none."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.cache import build_cache
from SSLSegmentationLib.imaging.cache.entry import read_facts
from SSLSegmentationLib.imaging.cache.folder import STALE_SECONDS
from SSLSegmentationLib.imaging.cache.open_files import allow_open_files
from SSLSegmentationLib.imaging.dataset import read_case
from Testing.imaging.cache.data_sets import PLAN, TISSUES, make_cases, start_builder
from Testing.imaging.preprocess.preparing import prepared_image


def entries(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def test_two_processes_that_build_one_cache_at_once_both_succeed(tmp_path):
    cases = make_cases(tmp_path / "scans", 12)
    builders = [start_builder(tmp_path / "scans", tmp_path / "cache", count=12) for _ in range(3)]
    for builder in builders:
        output, _ = builder.communicate(timeout=120)
        assert builder.returncode == 0, output
        assert output.endswith("done\n")
    assert len(entries(tmp_path / "cache")) == 12
    assert len(list((tmp_path / "cache").iterdir())) == 12
    for case, cached in zip(cases, build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")):
        assert np.array_equal(cached.image, prepared_image(read_case(case), PLAN))


@pytest.mark.parametrize("seed", range(3))
def test_a_builder_killed_at_any_moment_leaves_no_broken_entry(tmp_path, seed):
    count, shape = 6, (40, 96, 96)
    cases = make_cases(tmp_path / "scans", count, shape=shape)
    builder = start_builder(tmp_path / "scans", tmp_path / "cache", count=count)
    for _ in range(seed + 1):
        assert builder.stdout.readline().strip()
    time.sleep(random.Random(seed).uniform(0, 0.03))
    builder.kill()
    builder.wait()
    builder.stdout.close()
    finished = entries(tmp_path / "cache")
    assert finished
    assert all(read_facts(entry) is not None for entry in finished)
    cached = build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "cache")
    assert all(case.warnings == () for case in cached)
    assert len(entries(tmp_path / "cache")) == count


def test_what_a_killed_builder_left_is_cleared_once_it_is_stale(tmp_path):
    cases = make_cases(tmp_path / "scans", 1)
    cache = tmp_path / "cache"
    old, young = cache / ".building-old", cache / ".building-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "image.npy").write_bytes(b"half")
    past = time.time() - STALE_SECONDS - 60
    for path in (old / "image.npy", old):
        os.utime(path, (past, past))
    build_cache(cases, PLAN, tissues=TISSUES, folder=cache)
    assert not old.exists()
    assert young.exists()


def test_workers_end_when_their_parent_is_killed(tmp_path):
    make_cases(tmp_path / "scans", 8, shape=(60, 128, 128))
    builder = start_builder(tmp_path / "scans", tmp_path / "cache", count=8, workers=2)
    assert builder.stdout.readline().strip() == "1/8"
    children = _children(builder.pid)
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    builder.stdout.close()
    assert children
    deadline = time.monotonic() + 20
    while any(_alive(child) for child in children):
        assert time.monotonic() < deadline, "workers outlived their parent"
        time.sleep(0.05)


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_worker_does_not_stop_the_build(tmp_path):
    make_cases(tmp_path / "scans", 6, shape=(60, 128, 128))
    builder = start_builder(tmp_path / "scans", tmp_path / "cache", count=6, workers=2)
    assert builder.stdout.readline().strip() == "1/6"
    for child in _children(builder.pid):
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"spawn_main" in command:
            os.kill(child, signal.SIGKILL)
            break
    output, _ = builder.communicate(timeout=120)
    assert builder.returncode == 0, output
    assert len(entries(tmp_path / "cache")) == 6


def test_a_script_without_a_main_guard_still_gets_its_cache(tmp_path):
    """Spawned workers import the script again; their start fails, and the parent does the work itself."""
    make_cases(tmp_path / "scans", 3)
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from pathlib import Path\n"
        "from Testing.imaging.cache.data_sets import build_again\n"
        f"build_again(Path({str(tmp_path / 'scans')!r}), Path({str(tmp_path / 'cache')!r}), 3, 2)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    result = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("done\n")


def test_a_disk_that_fills_up_is_said_so_and_leaves_nothing(tmp_path):
    (case,) = make_cases(tmp_path / "scans", 1, shape=(40, 96, 96))
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("a small file system can't be mounted here")
    try:
        with pytest.raises(SSLSegmentationError) as error:
            build_cache([case], PLAN, tissues=TISSUES, folder=small)
        assert error.value.code == "disk.full"
        assert error.value.exit_code == 6
        assert str(small) in error.value.message
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    cases = make_cases(tmp_path / "scans", 1)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SSLSegmentationError, match="file") as error:
        build_cache(cases, PLAN, tissues=TISSUES, folder=tmp_path / "file" / "cache")
    assert error.value.code == "usage.arguments"


def test_more_maps_than_the_limit_of_open_files_are_allowed():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("the system's own limit is lower")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        allow_open_files(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
