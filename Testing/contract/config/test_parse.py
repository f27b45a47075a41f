"""Configs from plain dictionaries: strict, from a preset, with absolute paths."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.config import SECTIONS, Config, FieldInfo, as_dict, describe, infos, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.contract.tasks import TaskDescription

TASKS = {
    "rotation": TaskDescription(
        name="rotation",
        title="Rotation",
        summary="tell by how much an image was rotated",
        dims=(2,),
        settings=(("turns", 4, FieldInfo("int", "number of rotations", low=2, high=4)),),
        unused={"patch_size": "nothing is cut out"},
    )
}


def refusal(raw, **options) -> SSLSegmentationError:
    with pytest.raises(SSLSegmentationError) as caught:
        parse(raw, **options)
    assert caught.value.exit_code == 2
    return caught.value


def test_nothing_given_is_the_default():
    assert parse({}) == Config()


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_preset_survives_the_way_to_json_and_back(preset):
    config = parse({"preset": preset})
    again = parse(json.loads(json.dumps(as_dict(config), allow_nan=False)))
    assert again == config


def test_values_given_go_over_those_of_the_preset():
    config = parse({"preset": "paper_inpainting_mri", "network": {"base_width": 16}})
    assert config.network.base_width == 16
    assert config.network.levels == 5
    assert config.train.batch_size == 9


@pytest.mark.parametrize(
    ("raw", "key", "nearest"),
    [
        ({"trian": {}}, "trian", "'train'"),
        ({"train": {"max_step": 5}}, "train.max_step", "'train.max_steps'"),
        ({"train": {"base_width": 5}}, "train.base_width", "'network.base_width'"),
        ({"data": {"zzzzzzzz": 1}}, "data.zzzzzzzz", "Known keys"),
        ({1: 2}, "1", "Known keys"),
        ({"network": {None: 2}}, "network.None", "'network.name'"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_right_one(raw, key, nearest):
    error = refusal(raw)
    assert error.code == "config.unknown_key"
    assert f"'{key}'" in error.message
    assert nearest in error.hint


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("network", "base_width", True),
        ("network", "base_width", 0),
        ("network", "base_width", 2000),
        ("network", "base_width", 1.5),
        ("network", "base_width", "16"),
        ("network", "base_width", [16]),
        ("network", "base_width", None),
        ("network", "base_width", math.inf),
        ("network", "base_width", 10**400),
        ("train", "learning_rate", math.nan),
        ("train", "learning_rate", math.inf),
        ("train", "learning_rate", 10**400),
        ("train", "learning_rate", "fast"),
        ("train", "learning_rate", False),
        ("train", "optimiser", "Adam"),
        ("train", "optimiser", ["adam"]),
        ("train", "optimiser", {}),
        ("train", "max_steps", 0),
        ("augment", "enabled", 1),
        ("augment", "enabled", "true"),
        ("augment", "scaling", [0.5]),
        ("augment", "scaling", [0.5, 1, 2]),
        ("augment", "scaling", [0.5, "1"]),
        ("augment", "scaling", [2.0, 0.5]),
        ("augment", "scaling", 1.0),
        ("preprocess", "training_shape", [64, 4]),
        ("preprocess", "training_shape", "big"),
        ("preprocess", "windows", [[400]]),
        ("preprocess", "windows", [400, 50]),
        ("preprocess", "windows", [[-400, 50]]),
        ("preprocess", "windows", []),
        ("data", "images", 5),
        ("data", "images", ""),
        ("data", "images", "a\nb"),
        ("data", "images", "a\0b"),
        ("data", "unlabelled", []),
        ("data", "unlabelled", [1]),
        ("data", "labelled_fraction", 1.5),
        ("network", "name", " "),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_range(section, name, value):
    error = refusal({section: {name: value}})
    assert error.code == "config.invalid_value"
    assert f"'{section}.{name}'" in error.message
    info = infos(SECTIONS[section])[name]
    assert info.unit in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize("raw", [None, [], "train", {"train": [1]}, {"train": 5}, {"data": "folder"}])
def test_what_is_no_section_is_refused(raw):
    assert refusal(raw).code == "config.invalid_value"


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CPU", 0])
def test_a_device_that_cannot_be_is_refused(device):
    assert "'device'" in refusal({"device": device}).message


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1"])
def test_devices_that_can_be_are_taken(device):
    assert parse({"device": device}).device == device


def test_an_unknown_preset_is_refused_with_those_there_are():
    assert "paper_inpainting_ct" in refusal({"preset": "paper"}).message


def test_an_empty_section_is_as_none():
    assert parse({"train": None, "data": None}) == Config()


def test_whole_numbers_may_be_written_as_floats():
    config = parse({"train": {"max_steps": 4e3, "learning_rate": 1}})
    assert config.train.max_steps == 4000 and isinstance(config.train.max_steps, int)
    assert config.train.learning_rate == 1.0 and isinstance(config.train.learning_rate, float)


def test_paths_are_relative_to_the_base(tmp_path):
    raw = {
        "data": {"images": "a/../scans ä", "labels": Path("labels"), "unlabelled": ["x", str(tmp_path / "y")], "splits": None},
        "preprocess": {"cache": "cache"},
    }
    config = parse(raw, base=tmp_path)
    assert config.data.images == str(tmp_path / "scans ä")
    assert config.data.labels == str(tmp_path / "labels")
    assert config.data.unlabelled == (str(tmp_path / "x"), str(tmp_path / "y"))
    assert config.data.splits is None
    assert config.preprocess.cache == str(tmp_path / "cache")


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = parse({"data": {"images": "~/scans", "labels": "~nobody-here/labels"}}, base=Path("/base"))
    assert config.data.images == str(tmp_path / "scans")
    assert config.data.labels == "/base/~nobody-here/labels"


def test_without_base_paths_stay():
    assert parse({"data": {"images": "scans"}}).data.images == "scans"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"data": {"dataset": "d.json", "images": "i"}}, "data.dataset and by data.images"),
        ({"data": {"dataset": "d.json", "cases": "c.json"}}, "data.cases"),
        ({"data": {"labels": "l"}}, "data.labels"),
        ({"data": {"labelled_cases": 3, "labelled_fraction": 0.5}}, "labelled_fraction"),
        ({"preprocess": {"normalisation": "ct_windows"}}, "modality"),
        ({"preprocess": {"training_shape": [64, 64, 64]}}, "network.dims"),
        ({"preprocess": {"training_shape": [64, 64]}, "network": {"dims": 3}}, "network.dims"),
        ({"preprocess": {"neighbour_slices": 1}, "network": {"dims": 3}}, "neighbour_slices"),
        ({"train": {"learning_rate_floor": 0.1}}, "learning_rate_floor"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(raw, words):
    error = refusal(raw)
    assert error.code == "config.conflict"
    assert words in error.message


def test_a_tasks_own_settings_are_kept_without_its_description():
    config = parse({"pretext": {"task": "toy", "turns": [1, [2.5, "x"]], "on": True}})
    assert config.pretext.own == {"turns": (1, (2.5, "x")), "on": True}
    assert parse(as_dict(config)) == config


@pytest.mark.parametrize("value", [math.nan, {"a": 1}, b"x"])
def test_an_own_setting_that_json_cannot_hold_is_refused(value):
    assert refusal({"pretext": {"turns": value}}).code == "config.invalid_value"


def test_a_tasks_own_settings_are_checked_by_its_description():
    config = parse({"pretext": {"task": "rotation", "turns": 3, "corrupted_area": 0.5}}, tasks=TASKS)
    assert config.pretext.own == {"turns": 3}
    assert "2 to 4" in refusal({"pretext": {"task": "rotation", "turns": 5}}, tasks=TASKS).message
    error = refusal({"pretext": {"task": "rotation", "turn": 3}}, tasks=TASKS)
    assert error.code == "config.unknown_key" and "'pretext.turns'" in error.hint


def test_an_unknown_task_is_refused_with_those_there_are():
    error = refusal({"pretext": {"task": "rotations"}}, tasks=TASKS)
    assert "one of rotation" in error.message
    assert "'rotation'" in error.hint
    assert refusal({"pretext": {"task": "zzz"}}, tasks=TASKS).code == "config.invalid_value"


def test_every_setting_is_described_with_a_range_and_a_meaning():
    rows = describe()
    assert len({row.key for row in rows}) == len(rows) > 70
    for row in rows:
        assert row.range and row.help and row.value == row.default
        json.dumps(row.as_dict(), allow_nan=False)
    numbers = [row for row in rows if isinstance(row.default, (int, float)) and not isinstance(row.default, bool)]
    assert all(row.unit for row in numbers if row.key != "seed")


def test_a_description_shows_the_values_of_a_config_beside_the_defaults():
    rows = {row.key: row for row in describe(parse({"train": {"max_steps": 7}, "seed": 3}))}
    assert (rows["train.max_steps"].value, rows["train.max_steps"].default) == (7, None)
    assert rows["seed"].value == 3


def test_every_section_is_a_field_of_the_config():
    names = {field.name for field in dataclasses.fields(Config)}
    assert set(SECTIONS) | set(infos(Config)) == names


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (FieldInfo("int", "", unit="steps", low=1, optional=True), "a whole number from 1 steps or nothing"),
        (FieldInfo("float", "", high=2.0), "a number up to 2"),
        (
            FieldInfo("floats", "", unit="mm", low=0.5, high=9.0, length=(3, 3), words=("auto",)),
            "a list of 3 numbers from 0.5 to 9 mm or auto",
        ),
        (FieldInfo("ints", "", length=(2, 3)), "a list of 2 to 3 whole numbers"),
        (FieldInfo("choice", "", choices=("a", "b")), "one of a, b"),
        (FieldInfo("bool", ""), "true or false"),
    ],
)
def test_a_range_reads_as_a_sentence(info, text):
    assert info.range_text() == text


def test_a_task_describes_itself_as_plain_data():
    raw = json.loads(json.dumps(TASKS["rotation"].as_dict()))
    assert raw["dims"] == [2]
    (setting,) = raw["settings"]
    assert {name: setting[name] for name in ("name", "default", "unit", "range", "help")} == {
        "name": "turns",
        "default": 4,
        "unit": "",
        "range": "a whole number from 2 to 4",
        "help": "number of rotations",
    }
    assert (setting["kind"], setting["low"], setting["high"], setting["choices"]) == ("int", 2, 4, [])
    assert raw["unused"] == {"patch_size": "nothing is cut out"}
