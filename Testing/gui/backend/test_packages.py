"""What is installed, and which build of torch fits the graphics card."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import tomllib

from SSLSegmentationLib.gui.backend.packages import (
    BUILDS,
    PLAIN,
    REQUIREMENTS,
    TORCH,
    Driver,
    build_title,
    find_driver,
    fitting_build,
    sizes,
)
from SSLSegmentationLib.gui.operation import Operation

PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
OVERVIEW = "| NVIDIA-SMI 570.86.15   Driver Version: 570.86.15    CUDA Version: 12.8     |"


def test_the_list_is_that_of_the_package() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert list(REQUIREMENTS) == project["dependencies"]
    assert TORCH in REQUIREMENTS


def test_the_standard_build_is_plain_pip() -> None:
    assert PLAIN.index_url == ""
    assert next(iter(BUILDS)) == PLAIN.name


def test_each_build_has_a_title_of_its_own() -> None:
    titles = [build_title(build) for build in BUILDS.values()]
    assert len(set(titles)) == len(BUILDS)
    assert "CUDA 12.8" in titles


@pytest.mark.parametrize("build", BUILDS.values(), ids=lambda build: build.name)
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_more_is_stored_than_downloaded(build, system) -> None:
    download, disk = sizes(build, system=system)
    assert 10**8 < download < disk


@pytest.mark.parametrize(
    ("driver", "system", "build"),
    [
        (None, "linux", "cpu"),
        (None, "darwin", "plain"),
        (Driver("RTX", (11, 8)), "linux", "cpu"),
        (Driver("RTX", (12, 7)), "win32", "cu126"),
        (Driver("RTX", (12, 8)), "linux", "cu128"),
        (Driver("RTX", (13, 2)), "win32", "cu130"),
    ],
)
def test_the_newest_build_that_the_driver_runs_is_proposed(driver, system, build) -> None:
    assert fitting_build(driver, system=system).name == build


@pytest.fixture
def nvidia_smi(tmp_path):
    def make(overview: str, names: str, code: int = 0) -> str:
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\nif [ $# -gt 0 ]; then echo '{names}'; exit {code}; fi\necho '{overview}'\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


def test_the_driver_is_asked_for_its_card_and_cuda(nvidia_smi) -> None:
    program = nvidia_smi(OVERVIEW, "NVIDIA RTX A4000")
    assert Operation(find_driver(program)).wait() == Driver("NVIDIA RTX A4000", (12, 8))


@pytest.mark.parametrize(("overview", "code"), [("NVIDIA-SMI has failed", 0), (OVERVIEW, 9)])
def test_a_driver_that_fails_counts_as_none(nvidia_smi, overview, code) -> None:
    assert Operation(find_driver(nvidia_smi(overview, "card", code))).wait() is None


def test_no_driver_is_no_error(tmp_path) -> None:
    assert Operation(find_driver(str(tmp_path / "nvidia-smi"))).wait() is None
