"""Voxel bytes of a file, raw or compressed, checked to be all there before an array is returned."""

from __future__ import annotations

import bz2
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterator, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError

CHUNK_BYTES = 1 << 16
# One byte of a compressed stream can stand for at most this many (deflate: 1032; bzip2: a 45-byte block for 46 MB).
LARGEST_EXPANSION = {"": 1, "gzip": 1040, "zlib": 1040, "bzip2": 1 << 20}
_DECOMPRESSORS: Dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),  # 31: gzip with its CRC and length checked at the end
    "zlib": lambda: zlib.decompressobj(wbits=15),
    "bzip2": bz2.BZ2Decompressor,
}


@dataclass(frozen=True)
class VoxelBlock:
    """Where voxels lie: `count` values of `dtype` in `path`.

    `start` is the byte at which the (compressed) stream begins, `skip` the bytes of the decompressed stream before the
    first voxel. `compression` is "", "gzip", "zlib" or "bzip2".
    """

    path: Path
    dtype: np.dtype[Any]
    count: int
    start: int = 0
    skip: int = 0
    compression: str = ""

    @property
    def size(self) -> int:
        """Bytes of all voxels."""
        return self.count * self.dtype.itemsize

    def check_size(self) -> None:
        """Refuses what the file cannot hold, before any memory is asked for."""
        there = self.path.stat().st_size - self.start
        if self.skip + self.size > max(there, 0) * LARGEST_EXPANSION[self.compression]:
            raise _too_short(self, there - self.skip)

    def read(self) -> Tuple[npt.NDArray[np.generic], int]:
        """The voxels (flat, native byte order) and the number of bytes that follow them.

        Raises `data.truncated`, `data.damaged`, `data.unreadable` or `memory.host`.
        """
        self.check_size()
        try:
            values = np.empty(self.count, self.dtype)
            surplus = self._fill(values)
        except MemoryError as error:
            raise SSLSegmentationError("memory.host", f"{self.path} needs {self.size / 1e9:.1f} GB of memory.") from error
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        return values, surplus

    def _fill(self, values: npt.NDArray[np.generic]) -> int:
        """Reads into `values`; returns the surplus bytes."""
        target = memoryview(values.view(np.uint8).data) if self.count else memoryview(b"")
        with self.path.open("rb") as handle:
            handle.seek(self.start)
            if not self.compression:
                handle.seek(self.skip, 1)
                filled = handle.readinto(target)
                surplus = self.path.stat().st_size - handle.tell()
            else:
                filled, surplus = self._fill_from_stream(handle, target)
        if filled < self.size:
            raise _too_short(self, filled)
        return surplus

    def _fill_from_stream(self, handle: IO[bytes], target: memoryview) -> Tuple[int, int]:
        position, last = -self.skip, len(target)
        for block in decompressed(handle, self.compression, self.path):
            first = max(0, -position)
            begin, end = max(0, position), min(last, position + len(block))
            if end > begin:
                target[begin:end] = block[first : first + end - begin]
            position += len(block)
        return max(0, min(position, last)), max(0, position - last)


def decompressed(handle: IO[bytes], compression: str, path: Path, *, chunk: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Blocks of the stream decompressed `chunk` bytes at a time; at its end checksum and length have been checked.

    Raises `data.truncated` where the stream ends early and `data.damaged` where it is not sound.
    """
    stream = _DECOMPRESSORS[compression]()
    fresh = True
    pending = handle.read(chunk)
    while pending:
        try:
            block = stream.decompress(pending)
        except (zlib.error, OSError) as error:
            raise SSLSegmentationError("data.damaged", f"{path}: the {compression} data are damaged ({error}).") from error
        fresh = False
        if block:
            yield block
        pending = b""
        if stream.eof:
            # A file may hold several members one after the other; zeros at the end are padding.
            pending = stream.unused_data.lstrip(b"\0")
            stream, fresh = _DECOMPRESSORS[compression](), True
        pending = pending or handle.read(chunk)
        if fresh:
            pending = pending.lstrip(b"\0")
    if not fresh:
        raise SSLSegmentationError("data.truncated", f"{path}: the {compression} stream ends early, the file is incomplete.")


def _too_short(block: VoxelBlock, there: int) -> SSLSegmentationError:
    if block.compression:
        return SSLSegmentationError(
            "data.truncated", f"{block.path}: {block.size} bytes of voxels are expected, the {block.compression} data hold fewer."
        )
    return SSLSegmentationError(
        "data.truncated", f"{block.path}: {block.size} bytes of voxels are expected, {max(0, there)} are there."
    )
