"""Workers that are stopped after the test."""

from __future__ import annotations

import sys

import pytest

from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms


@pytest.fixture
def make_worker(tmp_path):
    """Makes a worker in `tmp_path`/NAME in this Python, or another program."""
    made = []

    def make(name="worker", *, python=sys.executable, **options):
        made.append(Worker(python, folder=tmp_path / name, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.stop(5.0)


@pytest.fixture
def worker(make_worker):
    return make_worker()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    """A folder with two small scans, their labels and tissue table."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms("ct_l3", folder=folder, count=2, seed=0)
    return folder
