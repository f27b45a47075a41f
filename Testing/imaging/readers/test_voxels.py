"""Voxel blocks: sizes, compression, memory."""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.readers import voxels
from SSLSegmentationLib.imaging.readers.voxels import VoxelBlock

PACK = {"": bytes, "gzip": gzip.compress, "zlib": zlib.compress, "bzip2": bz2.compress}


@pytest.mark.parametrize("compression", list(PACK))
@pytest.mark.parametrize("skip", [0, 3, 70000])
@pytest.mark.parametrize("surplus", [0, 5])
def test_a_block_larger_than_a_chunk_is_read_with_its_surplus(tmp_path: Path, compression: str, skip: int, surplus: int) -> None:
    values = np.random.default_rng(0).integers(-30000, 30000, 100_003).astype("<i2")
    path = tmp_path / "block"
    path.write_bytes(b"head" + PACK[compression](bytes(skip) + values.tobytes() + b"\1" * surplus))
    block = VoxelBlock(path=path, dtype=values.dtype, count=values.size, start=4, skip=skip, compression=compression)
    read, rest = block.read()
    assert np.array_equal(read, values)
    assert rest == surplus


@pytest.mark.parametrize("compression", list(PACK))
def test_a_skip_beyond_the_end_is_truncated(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "block"
    path.write_bytes(PACK[compression](bytes(10)))
    with pytest.raises(SSLSegmentationError) as caught:
        VoxelBlock(path=path, dtype=np.dtype("u1"), count=5, skip=8, compression=compression).read()
    assert caught.value.code == "data.truncated"


def test_a_block_that_does_not_fit_into_memory_says_how_much_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "block"
    path.write_bytes(bytes(2_000_000))

    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(voxels.np, "empty", no_memory)
    with pytest.raises(SSLSegmentationError) as caught:
        VoxelBlock(path=path, dtype=np.dtype("f8"), count=250_000).read()
    assert caught.value.code == "memory.host"
    assert "0.0 GB" in caught.value.message
