"""Settings of scripts that run without the application."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, Settings
from SSLSegmentationLib.gui.settings_file import SettingsFile, settings_path


def test_values_stay_and_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "settings.json"
    settings = Settings(SettingsFile(path))
    assert settings.get(BACKEND_PYTHON, "none") == "none"
    settings.set(BACKEND_PYTHON, "/opt/Пайтон/bin/python")
    settings.set("openPanels", ["apply", "runs"])
    again = Settings(SettingsFile(path))
    assert again.get(BACKEND_PYTHON) == "/opt/Пайтон/bin/python"
    assert again.get("openPanels") == ["apply", "runs"]


@pytest.mark.parametrize("content", ["{ damaged", "[1, 2]", "\x00"])
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8")
    settings = Settings(SettingsFile(path))
    assert settings.get("a", 5) == 5
    settings.set("a", 6)
    assert json.loads(path.read_text(encoding="utf-8")) == {"SSLSegmentation/a": "6"}


def test_the_file_lies_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLSEG_SETTINGS", str(tmp_path / "mine.json"))
    assert settings_path() == tmp_path / "mine.json"
    monkeypatch.delenv("SSLSEG_SETTINGS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings_path() == tmp_path / "SSLSegmentation" / "settings.json"
