"""Single values changed from the command line, and strict JSON."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.config import apply_override, load_json, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError


@pytest.mark.parametrize(
    ("override", "section", "value"),
    [
        ("train.max_steps=5", "train", {"max_steps": 5}),
        ("train.learning_rate=1e-3", "train", {"learning_rate": 0.001}),
        ("train.max_steps=null", "train", {"max_steps": None}),
        ("augment.enabled=false", "augment", {"enabled": False}),
        ("augment.scaling=[0.9, 1.1]", "augment", {"scaling": [0.9, 1.1]}),
        ("network.levels=auto", "network", {"levels": "auto"}),
        ("data.images=007", "data", {"images": "007"}),
        ("data.images=a=b", "data", {"images": "a=b"}),
        ("data.images=null", "data", {"images": None}),
        ('data.images="x y"', "data", {"images": "x y"}),
        ('data.unlabelled=["a", "b"]', "data", {"unlabelled": ["a", "b"]}),
        (" train.max_steps = 5 ", "train", {"max_steps": 5}),
        ("pretext.own_one=NaN", "pretext", {"own_one": "NaN"}),
    ],
)
def test_a_value_is_read_as_json_where_it_is_json(override, section, value):
    assert apply_override({}, override) == {section: value}


def test_an_override_leaves_the_rest_and_the_original_alone():
    raw = {"train": {"max_steps": 1, "batch_size": 2}, "seed": 1}
    assert apply_override(raw, "train.max_steps=5") == {"train": {"max_steps": 5, "batch_size": 2}, "seed": 1}
    assert raw["train"]["max_steps"] == 1


def test_top_keys_and_whole_sections_can_be_set():
    raw = apply_override(apply_override({"train": None}, "seed=7"), 'train={"max_steps": 3}')
    config = parse(apply_override(raw, "train.batch_size=2"))
    assert (config.seed, config.train.max_steps, config.train.batch_size) == (7, 3, 2)


@pytest.mark.parametrize("override", ["train.max_steps", "", "=5", "train.=5", "a.b.c=5", "."])
def test_what_sets_no_value_is_refused(override):
    with pytest.raises(SSLSegmentationError) as caught:
        apply_override({}, override)
    assert caught.value.code == "config.invalid_value"


def test_a_section_that_is_none_is_refused():
    with pytest.raises(SSLSegmentationError, match="'train'"):
        apply_override({"train": 5}, "train.max_steps=5")


@pytest.mark.parametrize("raw", [[1], "words", 5])
def test_a_config_without_sections_is_refused(raw):
    with pytest.raises(SSLSegmentationError, match="sections"):
        apply_override(raw, "train.max_steps=5")


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": -Infinity}', "{", "", '{"a": {"b": 1, "b": 1}}', "[" * 100_000, "\ufeff{}"],
)
def test_json_that_would_be_misread_is_refused(text):
    with pytest.raises(SSLSegmentationError) as caught:
        load_json(text, source="config.json")
    assert caught.value.code == "config.unreadable"
    assert "config.json" in caught.value.message
