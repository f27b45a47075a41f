"""Saving and loading models: exact, repeatable, and nothing damaged gets through."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.model_package import load_model, load_networks, save_ensemble, save_model, zip_model
from SSLSegmentationLib.learning.networks import build_network
from Testing.learning.prediction.small_models import model_card, save_untrained

CPU = torch.device("cpu")


def code_of(path: Path) -> str:
    with pytest.raises(SSLSegmentationError) as caught:
        load_networks(path, CPU)
    assert caught.value.exit_code == 2
    return caught.value.code


def reseal(folder: Path) -> None:
    """Makes the card agree with the weights file, so that only the content can be at fault."""
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content["weights"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.safetensors"))
    }
    (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")


def test_card_and_weights_come_back_exactly(tmp_path: Path) -> None:
    card = model_card()
    weights = build_network(card.network).state_dict()
    saved = save_model(tmp_path / "m", card, weights)
    loaded, again = load_model(tmp_path / "m")
    assert loaded == saved
    assert list(again) == sorted(weights)
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_equal_weights_are_equal_bytes_whatever_their_order_layout_or_place(tmp_path: Path) -> None:
    weights = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(3)}
    other = {"a": torch.ones(6)[::2], "b": torch.arange(6.0).reshape(2, 3).t().contiguous().t().requires_grad_()}
    save_model(tmp_path / "one", model_card(), weights)
    save_model(tmp_path / "two" / "deeper", model_card(), other)
    first = (tmp_path / "one" / "weights.safetensors").read_bytes()
    assert first == (tmp_path / "two" / "deeper" / "weights.safetensors").read_bytes()
    assert str(tmp_path).encode() not in first


def test_a_folder_holds_nothing_but_the_model(tmp_path: Path) -> None:
    save_untrained(tmp_path / "m", model_card())
    save_untrained(tmp_path / "m", model_card(), seed=2)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["m", "model.json", "weights.safetensors"]


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    save_untrained(tmp_path / "m", model_card())
    before = (tmp_path / "m" / "model.json").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        save_untrained(tmp_path / "m", model_card(training={"loss": float("inf")}))
    assert (tmp_path / "m" / "model.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_the_old_model_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_untrained(tmp_path / "m", model_card())
    before = (tmp_path / "m" / "weights.safetensors").read_bytes()
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == tmp_path / "m" and not self.name.endswith(".old"):
            raise PermissionError(13, "Permission denied", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(SSLSegmentationError) as caught:
        save_untrained(tmp_path / "m", model_card(), seed=5)
    assert caught.value.code == "disk.read_only"
    assert (tmp_path / "m" / "weights.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_networks_are_ready_and_equal_the_saved_one(tmp_path: Path) -> None:
    card = model_card()
    torch.manual_seed(3)
    network = build_network(card.network).eval()
    save_model(tmp_path / "m", card, network.state_dict())
    _, (loaded,) = load_networks(tmp_path / "m", CPU)
    image = torch.randn(1, 1, 9, 7)
    assert not loaded.training
    assert torch.equal(loaded(image), network(image))


def test_an_archive_is_byte_equal_for_the_same_model_and_loads_the_same(tmp_path: Path) -> None:
    save_untrained(tmp_path / "m", model_card())
    zip_model(tmp_path / "m", tmp_path / "a.zip")
    zip_model(tmp_path / "m", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    card, weights = load_model(tmp_path / "a.zip")
    folder_card, folder_weights = load_model(tmp_path / "m")
    assert card == folder_card
    assert all(torch.equal(weights[name], folder_weights[name]) for name in weights)


def test_an_ensemble_has_one_file_for_each_member(tmp_path: Path) -> None:
    card = model_card()
    members = [build_network(card.network).state_dict() for _ in range(3)]
    save_ensemble(tmp_path / "m", card, members)
    assert len(load_networks(tmp_path / "m", CPU)[1]) == 3
    (tmp_path / "m" / "weights-1.safetensors").write_bytes(b"")
    assert code_of(tmp_path / "m") == "model.invalid"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
@pytest.mark.parametrize("sealed", [False, True])
def test_truncated_weights_are_invalid(tmp_path: Path, share: float, sealed: bool) -> None:
    path = save_untrained(tmp_path / "m", model_card()) / "weights.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    if sealed:
        reseal(tmp_path / "m")
    assert code_of(tmp_path / "m") == "model.invalid"


def test_one_flipped_bit_in_the_weights_is_found(tmp_path: Path) -> None:
    path = save_untrained(tmp_path / "m", model_card()) / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(SSLSegmentationError, match="checksum") as caught:
        load_model(tmp_path / "m")
    assert caught.value.code == "model.invalid"


class Harmful:
    """What a hostile pickle would do: make a file when it is loaded."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.place,))


def test_a_pickle_in_the_place_of_the_weights_is_not_executed(tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "m", model_card())
    (folder / "weights.safetensors").write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    reseal(folder)
    assert code_of(folder) == "model.invalid"
    torch.save({"harm": Harmful(tmp_path / "harm")}, folder / "weights.safetensors")
    reseal(folder)
    assert code_of(folder) == "model.invalid"
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_invalid(tmp_path: Path, value: float) -> None:
    card = model_card()
    weights = build_network(card.network).state_dict()
    weights["last.bias"][0] = value
    save_model(tmp_path / "m", card, weights)
    assert code_of(tmp_path / "m") == "model.invalid"


def test_weights_of_another_network_are_invalid_and_say_what_differs(tmp_path: Path) -> None:
    wide = save_untrained(tmp_path / "wide", model_card(base_width=8))
    narrow = save_untrained(tmp_path / "narrow", model_card(base_width=4))
    shutil.copy(wide / "weights.safetensors", narrow / "weights.safetensors")
    reseal(narrow)
    with pytest.raises(SSLSegmentationError, match="does not fit its network") as caught:
        load_networks(narrow, CPU)
    assert caught.value.code == "model.invalid"


def test_a_network_too_large_for_any_memory_is_refused_without_being_built(tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "m", model_card())
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content["network"].update(base_width=4096, levels=10)
    (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")
    assert code_of(folder) == "model.invalid"


def test_an_unknown_network_is_incompatible(tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "m", model_card())
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content["network"]["name"] = "hypernet"
    (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")
    assert code_of(folder) == "model.incompatible"
