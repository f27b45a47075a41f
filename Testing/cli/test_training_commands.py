"""What `pretrain` and `finetune` print for programs; the training itself is left out."""

from __future__ import annotations

import json

import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.learning.commands import train


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A config whose training only warns."""
    monkeypatch.setattr(train, "_train", lambda job: job.warn("The images are small."))
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"data": {"images": "images", "labels": "labels"}, "device": "cpu"}), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["pretrain", "finetune"])
def test_the_facts_of_a_training_are_one_json_object_on_stdout(config, tmp_path, capsys, command):
    words = [command, str(config), "--job", str(tmp_path / "job"), "--json"]
    assert main(words) == 0
    said = capsys.readouterr()
    facts = {"job": str(tmp_path / "job"), "command": command, "state": "done", "model": str(tmp_path / "job" / "model")}
    assert json.loads(said.out) == {**facts, "warnings": ["The images are small."], "trained": True}
    assert "warning: The images are small." in said.err
    assert main([*words, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out) == {**facts, "warnings": [], "trained": False}


def test_without_json_nothing_is_printed_to_stdout(config, tmp_path, capsys):
    assert main(["pretrain", str(config), "--job", str(tmp_path / "job")]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "The model is in" in said.err
