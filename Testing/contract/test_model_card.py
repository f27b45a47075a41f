"""The card of a model: what is written is read back, and nothing unsound is accepted."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import ModelCard
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable

CARD = ModelCard(
    task="segmentation",
    network={"name": "unet", "dims": 2, "base_width": 16, "levels": 4, "in_channels": 1, "out_channels": 3, "own": "x"},
    activation="softmax",
    channels=("MRI",),
    modality="mri",
    preprocessing={"normalisation": "zscore"},
    training_shape=(56, 40),
    tissues=TissueTable.of([Tissue(2, "hintere Hälfte", (0, 1, 255)), Tissue(1, "海马", (1, 2, 3), "a~b~c~d~e~f~g")], given=True),
    training={"scans": 9, "minutes": 2.5, "seed": 1},
    validation={"dice": {"anterior": 0.9}},
    weights={"weights.safetensors": "00"},
)


def raw() -> dict[str, Any]:
    return copy.deepcopy(CARD.as_dict())


def code_of(content: Any) -> str:
    with pytest.raises(SSLSegmentationError) as caught:
        ModelCard.from_dict(content, source="model.json of X")
    assert "model.json of X" in caught.value.message
    return caught.value.code


def test_a_card_survives_the_way_through_json() -> None:
    again = ModelCard.from_json(CARD.as_json())
    assert again == CARD
    assert again.as_json() == CARD.as_json()
    assert [tissue.value for tissue in again.tissues] == [1, 2]


def test_the_four_papers_are_cited() -> None:
    assert [citation.split()[0] for citation in CARD.citations] == ["Dominic"]


@pytest.mark.parametrize("key", sorted(CARD.as_dict()))
def test_every_missing_key_is_named(key: str) -> None:
    content = raw()
    del content[key]
    with pytest.raises(SSLSegmentationError, match=f"lacks '{key}'") as caught:
        ModelCard.from_dict(content)
    assert caught.value.code == "model.invalid"


@pytest.mark.parametrize("key", sorted(CARD.as_dict()))
@pytest.mark.parametrize("value", [None, True, -1, 10**400, 1.5, "\x00", [None], [[]], {"a": {}}])
def test_hostile_values_are_refused_or_harmless(key: str, value: Any) -> None:
    content = raw()
    content[key] = value
    try:
        ModelCard.from_dict(content)
    except SSLSegmentationError as error:
        assert error.code in ("model.invalid", "model.incompatible")
        assert len(error.message) < 300


@pytest.mark.parametrize("content", [None, [], "x", 3, {1: 2}])
def test_a_file_that_is_no_object_is_refused(content: Any) -> None:
    assert code_of(content) == "model.invalid"


def test_a_newer_format_is_told_apart_from_a_damaged_file() -> None:
    content = {"format_version": 2, "everything": "else may have changed"}
    assert code_of(content) == "model.incompatible"


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_a_version_that_is_no_version_is_invalid(version: Any) -> None:
    assert code_of({**raw(), "format_version": version}) == "model.invalid"


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"format_version": NaN}', "[" * 100_000, '{"format_version": 1, "format_version": 1}', "\ufeff"],
)
def test_text_that_is_not_plain_json_is_invalid(text: str) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        ModelCard.from_json(text)
    assert caught.value.code == "model.invalid"


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"training_shape": [56, 40, 40]}, "3 sides"),
        ({"channels": []}, "'channels' is empty"),
        ({"tissues": []}, "'tissues' must be"),
        ({"activation": "none"}, "needs the activation"),
        ({"activation": "sigmoid"}, "need 2 outputs"),
        ({"activation": "tanh"}, "'activation'"),
        ({"weights": {"weights.safetensors": 3}}, "checksum"),
    ],
)
def test_parts_that_contradict_each_other_are_named(changes: dict[str, Any], fact: str) -> None:
    with pytest.raises(SSLSegmentationError, match=fact) as caught:
        ModelCard.from_dict({**raw(), **changes})
    assert caught.value.code == "model.invalid"


@pytest.mark.parametrize(
    "tissue",
    [
        {"value": 0, "name": "a", "color": [0, 0, 0], "terminology": ""},
        {"value": 1.0, "name": "a", "color": [0, 0, 0], "terminology": ""},
        {"value": 3, "name": 7, "color": [0, 0, 0], "terminology": ""},
        {"value": 3, "name": "a", "color": [0, 0], "terminology": ""},
        {"value": 3, "name": "a", "color": [0, 0, 256], "terminology": ""},
        {"value": 2, "name": "twice", "color": [0, 0, 25], "terminology": ""},
        {"value": 3, "name": "a", "color": [0, 0, 0]},
        "muscle",
    ],
)
def test_unsound_tissues_are_refused(tissue: Any) -> None:
    content = raw()
    content["tissues"] = [content["tissues"][1], tissue]
    assert code_of(content) == "model.invalid"


def test_a_pretext_model_needs_no_tissues() -> None:
    content = {**raw(), "task": "context_restoration", "tissues": [], "activation": "none"}
    assert len(ModelCard.from_dict(content).tissues) == 0


def test_a_fact_that_is_not_finite_is_not_written() -> None:
    card = ModelCard.from_dict(raw())
    broken = ModelCard(**{**card.__dict__, "training": {"loss": float("nan")}})
    with pytest.raises(ValueError, match="JSON"):
        broken.as_json()


def test_the_text_is_readable_json() -> None:
    text = CARD.as_json()
    assert json.loads(text)["format_version"] == 1
    assert "海马" in text
