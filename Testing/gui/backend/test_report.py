"""The report says what a helper needs, and nothing about persons."""

from __future__ import annotations

import getpass
import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.folder import DONE, FAILED, JobFolder, JobStatus
from SSLSegmentationLib.gui.backend.checking import BackendFacts, BackendProblem
from SSLSegmentationLib.gui.backend.installed import LOG_NAME
from SSLSegmentationLib.gui.backend.last_logs import last_logs
from SSLSegmentationLib.gui.backend.masking import hide_passwords, mask
from SSLSegmentationLib.gui.backend.report import make_report
from SSLSegmentationLib.gui.backend.slicer_packages import differences, snapshot

FACTS = BackendFacts(
    python="/home/anna/backend/bin/python",
    python_version="3.12.4",
    sslseg="0.1.0",
    system="Linux 6 x86_64",
    torch="2.13.0+cpu",
    cuda="",
    device="cpu",
    precision="float32",
    threads=2,
    card="",
    card_free=None,
    memory_free=20_100_000_000,
    disk_free=None,
    packages=(("torch", "2.13.0+cpu"), ("scipy", "")),
    problems=(BackendProblem("disk.full", "Only 0.5 GB are free on the disk of /home/anna/x.", "Free space."),),
)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("Reading /data/Anna Maria Schmidt/scan 1.nii.gz failed: damaged", "Reading <path>.nii.gz failed: damaged"),
        ("Schmidt_Anna.nii.gz is bad", "<file>.nii.gz is bad"),
        ("C:\\Users\\Jörg Müller\\x.nrrd: no", "<path>.nrrd: no"),
        ("\\\\server\\share\\Müller Anna\\f.dcm", "<path>.dcm"),
        ('File "/srv/a b/c.py", line 3, in x', "File '<path>.py', line 3, in x"),
        ("saved ../Anna/x.nii", "saved <path>.nii"),
        ("saved ~/Anna/x.nii", "saved <path>.nii"),
        ("a folder /data/Anna Schmidt", "a folder <path>"),
        ("file:///data/Anna/x.nii.gz", "<path>.nii.gz"),
        ("no space at /a/b: No space left on device", "no space at <path>: No space left on device"),
        ("install --find-links=/opt/we torch>=2.8", "install <path> torch>=2.8"),
        ("Processing /opt/numpy-1.whl (from x)", "Processing <path>.whl (from x)"),
        ("Looking in indexes: https://me:word@pypi.org/simple", "Looking in indexes: https://…@pypi.org/simple"),
        ("Downloading https://files.org/aa/torch.whl (5 MB)", "Downloading https://files.org/aa/torch.whl (5 MB)"),
        ("$ -m venv /tmp/x y/here/backend-1", "$ -m venv <backend>"),
        ("torch 2.13.0 · CPU, 2 threads · 20.1 GB free", "torch 2.13.0 · CPU, 2 threads · 20.1 GB free"),
        ("Collecting numpy<3,>=1.26 (from -r x)", "Collecting numpy<3,>=1.26 (from -r x)"),
    ],
)
def test_paths_and_names_of_scans_are_masked(line, masked) -> None:
    assert mask(line, known={"/tmp/x y/here": "<backend>"}) == masked


def test_the_home_folder_user_and_computer_are_masked(monkeypatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/users/a schmidt"))
    monkeypatch.setattr(getpass, "getuser", lambda: "aschmidt")
    monkeypatch.setattr(platform, "node", lambda: "ward-7")
    assert (
        mask("/users/a schmidt/x.py of aschmidt on ward-7, not aschmidts") == "<home>.py of <user> on <computer>, not aschmidts"
    )


def test_a_system_that_does_not_know_its_user_does_no_harm(monkeypatch) -> None:
    def unknown():
        raise KeyError("uid 4711")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert mask("nothing to see") == "nothing to see"


def test_passwords_are_taken_out_of_addresses() -> None:
    assert hide_passwords("--proxy http://me:word@host:80 x") == "--proxy http://…@host:80 x"


def test_the_report_has_versions_device_memory_and_the_log(tmp_path) -> None:
    folder = tmp_path / "Schmidt Anna"
    folder.mkdir()
    (folder / LOG_NAME).write_text(f"Collecting torch>=2.8\nERROR: cannot write {folder}/backend-1/torch.py\n")
    error = SSLSegmentationError("job.backend_died", "It ended: /data/Schmidt/scan.nii.gz")
    report = make_report(application="Slicer 5.8.1", folder=folder, facts=FACTS, errors=[error])
    for words in ("SSLSegmentation 0.", "Slicer 5.8.1", "torch 2.13.0 · CPU", "memory 20.1 GB, disk unknown", "scipy missing"):
        assert words in report
    for words in ("numpy", "Collecting torch", "<backend>.py", "job.backend_died", "disk.full"):
        assert words in report
    for words in ("Schmidt", "Anna", "anna", str(tmp_path)):
        assert words not in report


def test_the_report_has_the_card_with_its_own_free_memory(tmp_path) -> None:
    facts = replace(FACTS, card="NVIDIA RTX A4000", card_free=15_200_000_000)
    report = make_report(application="Slicer", folder=tmp_path, facts=facts)
    assert "device NVIDIA RTX A4000" in report and "free: card 15.2 GB, memory 20.1 GB" in report


def failed_run(runs: Path, name: str, log: str, *, code: str = "memory.device", state: str = FAILED) -> Path:
    folder = JobFolder(runs / name)
    folder.path.mkdir(parents=True)
    folder.log.write_text(log, encoding="utf-8")
    error = {"code": code, "message": "Case 'Schmidt_Anna' is damaged.", "hint": ""}
    folder.write_status(JobStatus(state, command="finetune", error=error if state == FAILED else None))
    return folder.path


def test_the_report_has_what_the_last_failed_run_and_the_workers_said_but_no_name_of_a_case(tmp_path) -> None:
    runs, worker = tmp_path / "runs", tmp_path / "worker" / "log.txt"
    failed_run(runs, "first", "an older failure\n")
    log = (
        "2026-01-01T00:00:00Z WARNING SSLSegmentationLib.jobs: Schmidt_Anna is left out\n"
        "2026-01-01T00:00:00Z INFO SSLSegmentationLib.jobs: reading Schmidt_Anna\n"
        "2026-01-01T00:00:01Z ERROR SSLSegmentationLib.jobs: the run ended with an error\nTraceback (most recent call last):\n"
        '  File "/data/Schmidt Anna/loop.py", line 7, in step\n'
        "SSLSegmentationLib.contract.errors.SSLSegmentationError: Schmidt_Anna is damaged\n"
        "RuntimeError: CUDA error in 'Schmidt_Anna': an illegal memory access was encountered\n"
    )
    os.utime(runs / "first", (1, 1))
    failed_run(runs, "second", log)
    failed_run(runs, "third", "all is well\n", state=DONE)
    worker.parent.mkdir()
    worker.write_text("error: Schmidt_Anna is no scan [data.unreadable]\nSegmentation fault\n")
    logs = last_logs(runs, [worker, tmp_path / "never started"])
    report = make_report(application="Slicer", folder=tmp_path, facts=None, logs=logs)
    for words in ("Last run that failed", "finetune failed memory.device", "line 7, in step", "illegal memory access"):
        assert words in report
    for words in ("Last lines of a worker", "error [data.unreadable]", "Segmentation fault"):
        assert words in report
    for words in ("Schmidt", "Anna", "older failure", "all is well"):
        assert words not in report
    assert report.count("Last lines of a worker") == 1


def test_without_any_run_nothing_is_said_of_one(tmp_path) -> None:
    assert last_logs(tmp_path / "gone", []) == ()


def test_the_report_can_be_made_without_any_backend(tmp_path) -> None:
    report = make_report(application="Slicer", folder=tmp_path / "nothing", facts=None)
    assert "not set up" in report
    assert report.rstrip().endswith("masked in this text.")


def test_packages_are_read_from_their_folders(tmp_path) -> None:
    for name in ("numpy-2.1.0.dist-info", "vtk-9.5.0-py3.12.egg-info", "numpy"):
        (tmp_path / name).mkdir()
    assert snapshot([tmp_path]) == (("numpy", "2.1.0"), ("vtk", "9.5.0"))
    assert dict(snapshot())["numpy"]


def test_every_change_of_packages_is_told() -> None:
    before = (("a", "1"), ("b", "1"), ("c", "1"))
    after = (("a", "1"), ("b", "2"), ("d", "1"))
    assert differences(before, after) == ("b: 1 → 2", "c: 1 → -", "d: - → 1")
    assert differences(before, before) == ()
