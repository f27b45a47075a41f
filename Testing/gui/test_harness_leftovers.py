"""Point 11: what a test leaves behind, or what went wrong silently, fails that test, and no other one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CONFTEST = """
from Testing.harness import install
install()
from Testing.harness.fixtures import *
"""
HEAD = """
import subprocess, sys, threading, time, types
import qt

kept = []

def teardown_module():
    sys.modules.pop("torch", None)
"""
CASES = {
    "slot_error": ("b = host(qt.QPushButton()); b.connect('clicked()', lambda: 1 / 0); b.click()", "ZeroDivisionError"),
    "defect": (
        "from SSLSegmentationLib.gui.widgets.connections import Connections\n"
        "    b = host(qt.QPushButton()); Connections().add(b, 'clicked()', lambda: 1 / 0); b.click()",
        "the module made a mistake",
    ),
    "unknown_signal": ("host(qt.QPushButton()).connect('clickedTwice()', print)", "clickedTwice"),
    "widget": ("kept.append(qt.QLabel('x')); kept[-1].show()", "left behind: widget QLabel"),
    "timer": ("kept.append(qt.QTimer()); kept[-1].start(1000)", "running timer of 1000 ms"),
    "process": ("kept.append(subprocess.Popen(['sleep', '0.5']))", "left behind: process"),
    "thread": ("threading.Thread(target=time.sleep, args=(0.5,), name='slow').start()", "thread slow"),
    "cursor": ("qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)", "wait cursor"),
    "torch": ("sys.modules['torch'] = types.ModuleType('torch')", "torch was imported"),
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says about a file with every fault, each followed by a test without one."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "conftest.py").write_text(CONFTEST)
    tests = [
        f"def test_{case}(host):\n    {body}\n\n"
        f"def test_after_{case}(host):\n    sys.modules.pop('torch', None)\n    time.sleep(0.6)\n"
        for case, (body, _) in CASES.items()
    ]
    (folder / "test_faults.py").write_text("\n".join([HEAD, *tests]))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "pytest", "-rA", "--tb=short", "-p", "no:cacheprovider", f"--rootdir={folder}", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder).stdout


@pytest.mark.parametrize("case", CASES)
def test_a_fault_fails_the_test_that_made_it(case: str, output: str) -> None:
    line = next((line for line in output.splitlines() if line.startswith("ERROR") and f"::test_{case} " in f"{line} "), "")
    assert line, output
    assert CASES[case][1] in output


def test_no_other_test_fails(output: str) -> None:
    assert f"{2 * len(CASES)} passed, {len(CASES)} errors" in output, output
