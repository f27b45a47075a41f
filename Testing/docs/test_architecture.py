"""The architecture page names rooms that exist, and the floors keep their promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from Testing.data import REPOSITORY

PACKAGE = REPOSITORY / "SSLSegmentationLib"
NOT_IN_SLICER = ("torch", "nibabel", "yaml", "matplotlib", "safetensors", "psutil", "pandas")


def test_every_module_on_the_page_exists() -> None:
    text = (REPOSITORY / "Resources" / "Docs" / "architecture.md").read_text(encoding="utf-8")
    floor = ""
    checked = 0
    for line in text.splitlines():
        if match := re.match(r"### (\w+)", line):
            floor = match.group(1)
        elif floor and line.startswith("| `"):
            for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
                path = PACKAGE / floor / name
                assert path.is_dir() or path.with_suffix(".py").is_file(), f"{floor}/{name}"
                checked += 1
    assert checked > 30


BLOCKED_IMPORT = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocker())
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print("imported")
"""


def import_all(package: str, blocked: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    code = BLOCKED_IMPORT.format(blocked=blocked, package=package)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPOSITORY)


@pytest.mark.parametrize(
    ("floor", "blocked"),
    [
        ("contract", (*NOT_IN_SLICER, "numpy", "scipy", "SimpleITK", "vtk", "pydicom", "requests")),
        ("imaging", NOT_IN_SLICER),
    ],
)
def test_floor_imports_without_what_it_may_not_have(floor: str, blocked: tuple[str, ...]) -> None:
    done = import_all(f"SSLSegmentationLib.{floor}", blocked)
    assert done.stdout.strip() == "imported", done.stderr


@pytest.mark.parametrize(
    "module", ["pretext", "networks", "config_file", "device", "precision", "commands.train", "commands.doctor"]
)
def test_what_is_decided_before_torch_needs_no_torch(module: str) -> None:
    code = f"import sys; sys.modules['torch'] = None; import SSLSegmentationLib.learning.{module}; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.stdout.strip() == "imported", done.stderr


def test_no_file_of_the_package_is_long() -> None:
    long = [path.name for path in Path(PACKAGE).rglob("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    assert not long
