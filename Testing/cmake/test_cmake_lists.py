"""The CMake files name every file of the extension, and a real CMake accepts them with a stand-in for Slicer's build."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from Testing.data import REPOSITORY

STAND_IN = REPOSITORY / "Testing" / "cmake" / "Slicer"
MODULE, LIBRARY = REPOSITORY / "SSLSegmentation", REPOSITORY / "SSLSegmentationLib"


def in_tree(folder: Path) -> set[str]:
    """Every file below a folder, but for what tools leave there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in ("CMakeLists.txt", ".DS_Store")
    }


@pytest.fixture(scope="module")
def cmake() -> str:
    """The program of the `test` extra, which lies beside this Python, else that of the system."""
    found = shutil.which("cmake", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert found is not None, "cmake is missing: pip install -e '.[test]'"
    return found


@pytest.fixture(scope="module")
def record(cmake: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[str]]]:
    """What Slicer's macros were given in a configure run of the whole extension, word by word."""
    build = tmp_path_factory.mktemp("build")
    command = [cmake, "-S", str(REPOSITORY), "-B", str(build), f"-DSlicer_DIR={STAND_IN}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    yield [line.split("|") for line in (build / "record.txt").read_text(encoding="utf-8").splitlines()]


def named(record: list[list[str]], kind: str, name: str) -> set[str]:
    return {line[2] for line in record if line[:2] == [kind, name]}


def test_the_lists_are_those_of_the_script() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "write_cmake_lists.py"))
    stale = [path for path, text in script["texts"]().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run scripts/write_cmake_lists.py"


def test_cmake_is_given_every_file_of_the_tree(record: list[list[str]]) -> None:
    for folder in (MODULE, LIBRARY):
        scripts, resources = (named(record, kind, folder.name) for kind in ("script", "resource"))
        assert scripts | resources == in_tree(folder)
        assert {name for name in scripts | resources if name.endswith(".py")} == scripts


def test_the_library_keeps_its_folder_and_the_module_does_not(record: list[list[str]]) -> None:
    modules = {line[1]: line[2:] for line in record if line[0] == "module"}
    assert modules == {
        "SSLSegmentation": ["subdir=FALSE", "generic=TRUE"],
        "SSLSegmentationLib": ["subdir=TRUE", "generic=FALSE"],
    }


def test_the_tests_inside_slicer_are_registered(record: list[list[str]]) -> None:
    scripts = {Path(line[1]) for line in record if line[0] == "test"}
    assert scripts == {MODULE / "SSLSegmentation.py", REPOSITORY / "Testing" / "slicer" / "SSLSegmentationStoriesTest.py"}
    assert all(path.is_file() for path in scripts)


def test_the_extension_describes_itself_on_single_lines(record: list[list[str]]) -> None:
    facts = {line[1]: "|".join(line[2:]) for line in record if line[0] == "extension"}
    assert set(facts) == {"HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"}
    assert all(value and value.isascii() and "\n" not in value for value in facts.values())
    assert facts["CATEGORY"] == "Segmentation" and facts["DEPENDS"] == "NA"
    assert (REPOSITORY / facts["ICONURL"].partition("/main/")[2]).is_file()
    assert ["packed", "SSLSegmentation"] in record


def test_a_file_that_is_gone_stops_the_build(cmake: str, tmp_path: Path) -> None:
    copied = tmp_path / "extension"
    shutil.copytree(MODULE, copied / "SSLSegmentation")
    shutil.copytree(LIBRARY, copied / "SSLSegmentationLib")
    shutil.copytree(REPOSITORY / "Testing" / "slicer", copied / "Testing" / "slicer")
    shutil.copy(REPOSITORY / "CMakeLists.txt", copied)
    (copied / "SSLSegmentationLib" / "cli.py").unlink()
    command = [cmake, "-S", str(copied), "-B", str(tmp_path / "build"), f"-DSlicer_DIR={STAND_IN}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "nonexistent file 'cli.py'" in done.stderr


def test_relative_paths_stay_short_enough_for_windows() -> None:
    longest = max(in_tree(LIBRARY), key=len)
    assert len(f"SSLSegmentationLib/{longest}") < 80, longest


def test_no_python_file_lies_loose_beside_the_module() -> None:
    assert [path.name for path in MODULE.glob("*.py")] == ["SSLSegmentation.py"]
    text = (MODULE / "SSLSegmentation.py").read_text(encoding="utf-8")
    assert re.search(r"^class SSLSegmentation\(", text, re.M)
