"""Another Python is started isolated, and on a Mac as the processor's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from SSLSegmentationLib.contract import python_command as module
from SSLSegmentationLib.contract.client import backend_command
from SSLSegmentationLib.contract.python_command import native_prefix, python_command
from SSLSegmentationLib.contract.worker.backend import worker_command


@pytest.fixture(autouse=True)
def fresh():
    native_prefix.cache_clear()
    yield
    native_prefix.cache_clear()


@pytest.fixture
def mac(tmp_path, monkeypatch):
    """A Mac whose `sysctl` answers as given, and an `arch` that says what it was asked for and then does it."""

    def make(answer: str, *, machine: str = "x86_64") -> Path:
        (tmp_path / "sysctl").write_text(f"#!/bin/sh\n[ \"$1 $2\" = '-n hw.optional.arm64' ] && echo {answer}\n")
        (tmp_path / "arch").write_text(f"#!/bin/sh\necho $1 $2 >> '{tmp_path}/asked'\nshift 2\nexec \"$@\"\n")
        for name in ("sysctl", "arch"):
            (tmp_path / name).chmod(0o755)
        monkeypatch.setattr(module.sys, "platform", "darwin")
        monkeypatch.setattr(module.platform, "machine", lambda: machine)
        monkeypatch.setattr(module, "SYSCTL", str(tmp_path / "sysctl"))
        monkeypatch.setattr(module, "ARCH", str(tmp_path / "arch"))
        return tmp_path / "asked"

    return make


def test_a_python_is_isolated_and_speaks_utf8() -> None:
    words = "import sys; print(sys.flags.isolated, sys.flags.utf8_mode)"
    done = subprocess.run([*python_command(sys.executable), "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize("name", ["/s/bin/PythonSlicer", "/s/bin/PythonSlicer.exe"])
def test_slicers_launcher_keeps_the_variables_that_it_sets(name) -> None:
    assert "-I" not in python_command(name)


def test_on_an_apple_processor_everything_starts_as_its_own(mac) -> None:
    asked = mac("1")
    for command in (python_command(sys.executable), backend_command(sys.executable, []), worker_command(sys.executable, [])):
        assert command[1:4] == ["-arm64", "-x86_64", sys.executable]
    done = subprocess.run([*python_command(sys.executable), "-c", "print(7)"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7"]
    assert asked.read_text().split() == ["-arm64", "-x86_64"]


@pytest.mark.parametrize(("answer", "machine"), [("0", "x86_64"), ("", "x86_64"), ("1", "arm64")])
def test_an_intel_mac_and_a_native_slicer_start_it_as_it_is(mac, answer, machine) -> None:
    mac(answer, machine=machine)
    assert python_command("/p/python3")[0] == "/p/python3"


def test_a_mac_that_does_not_tell_starts_it_as_it_is(mac, tmp_path, monkeypatch) -> None:
    mac("1")
    monkeypatch.setattr(module, "SYSCTL", str(tmp_path / "gone"))
    assert python_command("/p/python3")[0] == "/p/python3"
