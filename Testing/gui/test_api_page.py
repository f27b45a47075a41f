"""Each example of the console page runs as it stands, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer

from SSLSegmentationLib.gui import api
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.settings import DATA_FOLDER
from Testing.data import REPOSITORY
from Testing.gui.console_page import code_blocks
from Testing.gui.engine import backend_python

PAGE = REPOSITORY / "Resources" / "Docs" / "slicer_console.md"


def test_the_whole_page_runs(scene: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    default_session().settings.set(DATA_FOLDER, str(tmp_path))
    names: dict[str, Any] = {"backend_python": backend_python()}
    try:
        for line, block in code_blocks(PAGE):
            exec(compile("\n" * (line - 1) + block, str(PAGE), "exec"), names)
    finally:
        close_default_session()
    printed = capsys.readouterr().out
    assert "no such segmentation" in printed and "[data.missing]" not in printed
    assert "CT 2 segmentation (2 segments)" in printed and "CT 3 segmentation (2 segments)" in printed
    assert "first pretraining" in printed and "pretrain  done" in printed
    assert len(names["volumes_of_fat"]) == 1 and names["volumes_of_fat"][0] > 0
    assert names["table"] is names["measurement"].table
    assert slicer.mrmlScene.IsNodePresent(names["node"])


def test_every_verb_has_an_example() -> None:
    code = "\n".join(block for _line, block in code_blocks(PAGE))
    assert [verb for verb in api.VERBS if f"api.{verb}(" not in code] == []
