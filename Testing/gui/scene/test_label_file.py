"""Label maps of the engine are read in steps, exactly, or refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene import label_file
from SSLSegmentationLib.gui.scene.label_file import read_labels
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map

from .making import GRIDS, TISSUES, label_map, made

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def grid(name: str = "oblique") -> Geometry:
    return Geometry.from_matrix(RAS_TO_LPS @ GRIDS[name], label_map().shape)


def write(path: Path, labels: Any = None, *, name: str = "oblique") -> Path:
    write_label_map(path, LabelMap(array=label_map() if labels is None else labels, geometry=grid(name), tissues=TISSUES))
    return path


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("suffix", [".nrrd", ".seg.nrrd"])
def test_what_predict_writes_is_read(tmp_path: Path, suffix: str, name: str) -> None:
    assert np.array_equal(made(read_labels(write(tmp_path / f"result{suffix}", name=name), grid(name))), label_map())


@pytest.mark.parametrize("highest", [255, 256, 70_000])
def test_every_width_of_labels_is_read_packed_and_raw(tmp_path: Path, highest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_file, "UNPACKED_BYTES", 100)
    monkeypatch.setattr(label_file, "READ_BYTES", 7)
    labels = (np.random.default_rng(0).random(label_map().shape) * highest).astype(np.uint32)
    labels[0, 0, 0] = highest
    found = made(read_labels(write(tmp_path / "a.nrrd", labels), grid()))
    assert np.array_equal(found, labels)
    raw = made(write_raw_nrrd(tmp_path / "raw.nrrd", grid(), lambda: labels, text=""))
    assert np.array_equal(made(read_labels(raw, grid())), labels)


def test_a_file_on_another_grid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        made(read_labels(write(tmp_path / "a.nrrd"), grid("plain")))
    assert caught.value.code == "data.grid_mismatch"


def test_a_cut_or_damaged_file_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.nrrd").read_bytes()
    raw = made(write_raw_nrrd(tmp_path / "raw.nrrd", grid(), label_map, text="")).read_bytes()
    flipped = bytearray(whole)
    flipped[-6] ^= 0xFF
    larger = whole.replace(b"sizes: 13 11 9", b"sizes: 13 11 8")
    cases = {"truncated": [whole[:-20], whole[:-1], raw[:-1]], "damaged": [bytes(flipped), larger]}
    for kind, files in cases.items():
        for content in files:
            (tmp_path / "b.nrrd").write_bytes(content)
            place = Geometry((8, 11, 13), grid().spacing, grid().origin, grid().direction) if content is larger else grid()
            with pytest.raises(SSLSegmentationError) as caught:
                made(read_labels(tmp_path / "b.nrrd", place))
            assert caught.value.code == f"data.{kind}"


def test_what_is_no_label_map_of_the_engine_is_refused(tmp_path: Path) -> None:
    floats = made(write_raw_nrrd(tmp_path / "f.nrrd", grid(), lambda: label_map().astype(np.float32), text=""))
    (tmp_path / "text.nrrd").write_bytes(b"hello\n" * 3)
    for path in (floats, tmp_path / "text.nrrd"):
        with pytest.raises(SSLSegmentationError) as caught:
            made(read_labels(path, grid()))
        assert caught.value.code == "data.unreadable"
    with pytest.raises(SSLSegmentationError) as caught:
        made(read_labels(tmp_path / "none.nrrd", grid()))
    assert caught.value.code == "data.missing"
