"""Prediction in a warm worker: a second one loads nothing, a cancelled one leaves it warm."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.worker import Request, Worker
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from SSLSegmentationLib.imaging.writers import write_scan
from Testing.contract.jobs.helpers import eventually
from Testing.contract.worker.helpers import finish
from Testing.learning.phantom_data import write_config, write_data
from Testing.learning.prediction.small_models import model_card, save_untrained


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model trained on phantoms."""
    folder = tmp_path_factory.mktemp("training")
    config = write_config(folder, write_data(folder / "data"))
    assert main(["finetune", str(config), "--job", str(folder / "job")]) == 0
    return folder / "job"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    write_phantoms("ct_l3", folder=folder, count=1, seed=9)
    return next((folder / "images").iterdir())


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(sys.executable, folder=tmp_path / "worker")
    yield made
    made.stop(5.0)


def predict(worker: Worker, model: Path, scan: Path, output: Path) -> Request:
    return worker.request(["predict", str(model), str(scan), "--output", str(output), "--json"])


def test_a_second_prediction_is_the_same_and_needs_no_start(worker: Worker, model: Path, scan: Path, tmp_path: Path) -> None:
    times, labels = [], []
    for number in range(3):
        before = time.monotonic()
        request = finish(predict(worker, model, scan, tmp_path / str(number)), seconds=120)
        times.append(time.monotonic() - before)
        (row,) = request.json()
        labels.append(Path(row["labels"]).read_bytes())
    assert labels[0] == labels[1] == labels[2]
    # torch alone takes several times as long to import.
    assert min(times[1:]) < times[0] / 3


def test_progress_reaches_the_end(worker: Worker, model: Path, scan: Path, tmp_path: Path) -> None:
    events: list = []
    finish(predict(worker, model, scan, tmp_path / "out"), seconds=120, events=events)
    shares = [event.fields["share"] for event in events if event.event == "progress"]
    assert shares and shares == sorted(shares) and shares[-1] == 1.0


def test_bad_scans_are_faults_and_the_others_are_done(worker: Worker, model: Path, scan: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.nii.gz").write_bytes(b"")
    words = ["predict", str(model), str(tmp_path / "bad.nii.gz"), str(scan), "--output", str(tmp_path / "out"), "--json"]
    request = finish(worker.request(words), seconds=120)
    assert (request.state, request.exit_code) == ("done", 3)
    assert [fault.code for fault in request.faults] == ["data.empty"]
    assert sum("labels" in row for row in request.json()) == 1


def test_a_prediction_is_cancelled_between_slabs_and_the_model_stays_warm(worker: Worker, scan: Path, tmp_path: Path) -> None:
    model = save_untrained(tmp_path / "m", model_card(base_width=8, levels=3))
    large = next(iter(make_phantom("ct_body", seed=1, shape=(120, 160, 160)).scans.values()))
    write_scan(tmp_path / "large.nii.gz", large)
    first = finish(predict(worker, model, scan, tmp_path / "a"), seconds=120)
    pid = worker.pid
    request = predict(worker, model, tmp_path / "large.nii.gz", tmp_path / "b")
    eventually(lambda: any(event.event == "progress" for event in request.poll()), seconds=60)
    before = time.monotonic()
    request.cancel()
    finish(request, seconds=2)
    assert time.monotonic() - before < 2.0
    assert (first.state, request.state, worker.pid) == ("done", "cancelled", pid)
    assert list((tmp_path / "b").iterdir()) == []
    assert finish(predict(worker, model, scan, tmp_path / "c"), seconds=5).state == "done"


def test_out_of_memory_ends_the_worker_and_the_next_request_works(
    worker: Worker, model: Path, scan: Path, tmp_path: Path
) -> None:
    words = ["predict", str(model), str(scan), "--output", str(tmp_path / "out"), "--memory", "10MB"]
    request = finish(worker.request(words), seconds=120)
    assert (request.state, request.error.code if request.error else "") == ("failed", "memory.host")
    eventually(lambda: not worker.running, seconds=10)
    assert finish(worker.request(["presets"])).state == "done"
