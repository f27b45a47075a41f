"""Finding a model package: folder, archive or job folder; everything else is refused without being opened."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_files import find_model, read_card
from Testing.contract.test_model_card import CARD

WEIGHTS = bytes(range(256)) * 8


def write_folder(folder: Path, *, members: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(CARD.as_json(), encoding="utf-8")
    names = ["weights.safetensors"] if members == 1 else [f"weights-{index}.safetensors" for index in range(members)]
    for name in names:
        (folder / name).write_bytes(WEIGHTS)
    return folder


def write_zip(path: Path, entries: "dict[str, bytes]", *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def good_entries(prefix: str = "") -> "dict[str, bytes]":
    return {f"{prefix}model.json": CARD.as_json().encode(), f"{prefix}weights.safetensors": WEIGHTS}


def code_of(path: Path) -> str:
    with pytest.raises(SSLSegmentationError) as caught:
        find_model(path).read_card()
    assert str(path) in caught.value.message
    return caught.value.code


def test_a_folder_its_archive_and_a_job_folder_give_the_same_card(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "Übung 1" / "model")
    flat = write_zip(tmp_path / "flat.zip", good_entries())
    nested = write_zip(tmp_path / "nested.zip", {**good_entries("my model/"), "__MACOSX/._model.json": b"x"})
    for path in (folder, folder.parent, flat, nested):
        assert read_card(path) == CARD
        assert find_model(path).read("weights.safetensors") == WEIGHTS


def test_the_members_of_an_ensemble_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    files = find_model(write_folder(tmp_path / "m", members=12))
    assert files.weights_names == tuple(f"weights-{index}.safetensors" for index in range(12))


def test_a_job_without_a_model_is_told_apart_from_no_model(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    assert code_of(tmp_path / "job") == "model.invalid"
    (tmp_path / "job" / "config.json").write_text("{}")
    assert code_of(tmp_path / "job") == "job.no_model"
    assert code_of(tmp_path / "nowhere") == "model.invalid"


def test_a_pickle_is_named_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(SSLSegmentationError, match=r"model\.pt may be a pickle"):
        find_model(tmp_path)
    assert code_of(tmp_path / "model.pt") == "model.invalid"


@pytest.mark.parametrize(
    "name",
    [
        "../weights.safetensors",
        "/etc/weights.safetensors",
        "a/../../model.json",
        "a/b/c/weights-0.safetensors",
        "..\\weights.safetensors",
        "C:weights.safetensors",
        "run.py",
        "weights.pt",
        "other/weights-1.safetensors",
    ],
)
def test_an_archive_with_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    assert code_of(write_zip(tmp_path / "m.zip", {**good_entries(), name: b"x"})) == "model.invalid"


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("weights.safetensors")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("model.json", CARD.as_json())
        archive.writestr(link, "/etc/passwd")
    assert code_of(tmp_path / "m.zip") == "model.invalid"


def test_an_archive_that_would_fill_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    entries = {**good_entries(), "weights.safetensors": bytes(20_000_000)}
    assert code_of(write_zip(tmp_path / "m.zip", entries, compression=zipfile.ZIP_DEFLATED)) == "model.invalid"
    huge = {**good_entries(), "model.json": b" " * (17 * 2**20)}
    assert code_of(write_zip(tmp_path / "n.zip", huge)) == "model.invalid"


def test_an_archive_with_one_file_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, data in [*good_entries().items(), *good_entries().items()]:
            archive.writestr(name, data)
    assert code_of(tmp_path / "m.zip") == "model.invalid"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_invalid(tmp_path: Path, share: float) -> None:
    data = write_zip(tmp_path / "m.zip", good_entries()).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(data[: int(share * len(data))])
    assert code_of(cut) == "model.invalid"


def test_damage_inside_an_archive_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.zip", good_entries())
    data = bytearray(path.read_bytes())
    data[data.index(WEIGHTS) + 100] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(SSLSegmentationError) as caught:
        find_model(path).read("weights.safetensors")
    assert caught.value.code == "model.invalid"


def test_a_folder_without_weights_or_with_a_card_that_is_no_text_is_invalid(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.json").write_bytes(b"\xff\xfe\xff")
    assert code_of(folder) == "model.invalid"
    (folder / "model.json").write_bytes(b" " * (17 * 2**20))
    assert code_of(folder) == "model.invalid"
    folder = write_folder(tmp_path / "m")
    (folder / "weights.safetensors").unlink()
    assert code_of(folder) == "model.invalid"
