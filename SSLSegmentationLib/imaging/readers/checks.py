"""Checks that all formats share: the file itself, its size, and the geometry that SimpleITK reads from its header."""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
from pathlib import Path
from typing import Any, Iterator, Sequence, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, suffix
from SSLSegmentationLib.imaging.geometry import ORTHOGONAL_COSINE, FloatArray, Geometry

# Axes longer than this are taken for a damaged header.
LONGEST_AXIS = 2**31 - 1
# Direction vectors whose length differs from 1 by more than this change the voxel size.
UNIT_TOLERANCE = 1e-3


def existing_file(path: PathLike) -> Path:
    """`path` as a readable, regular file that is not empty; raises `data.missing`, `.empty`, `.unsupported` or `.unreadable`."""
    file = Path(path)
    try:
        if file.is_dir():
            raise SSLSegmentationError(
                "data.unsupported", f"{file} is a folder, not a file.", hint="Convert DICOM folders to NIfTI, NRRD or MHA first."
            )
        if not file.exists():
            raise SSLSegmentationError("data.missing", f"{file} does not exist.")
        if not file.is_file():
            raise SSLSegmentationError("data.unreadable", f"{file} is not a regular file.")
        if file.stat().st_size == 0:
            raise SSLSegmentationError("data.empty", f"{file} is empty (0 bytes).", hint="Copy or export it again.")
        with file.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise SSLSegmentationError("data.unreadable", f"{str(file)!r} cannot be opened: {_reason(error)}.") from error
    return file


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def check_sizes(path: Path, sizes: Sequence[int]) -> None:
    """Refuses axes without voxels and absurd ones."""
    if any(size <= 0 for size in sizes):
        raise SSLSegmentationError(
            "data.empty", f"{path} is an image without voxels (size {times(sizes)}).", hint="Export it again."
        )
    if any(size > LONGEST_AXIS for size in sizes):
        raise SSLSegmentationError("data.damaged", f"{path} claims a size of {times(sizes)} voxels.")


def times(sizes: Sequence[int]) -> str:
    """ "24×20×16"."""
    return "×".join(str(int(size)) for size in sizes)


def colour_error(path: Path, components: str) -> SSLSegmentationError:
    return SSLSegmentationError("data.colour", f"{path} holds {components} per voxel, not one intensity.")


def itk_geometry(path: Path, *, reader: str, sizes: Sequence[int]) -> Geometry:
    """Geometry of the three spatial axes as SimpleITK's `reader` understands the header.

    `sizes` are (columns, rows, slices) as our own reading of the header has them; another answer is `data.damaged`.
    """
    # Here, not above: it takes 0.3 s, for which Slicer's windows would stand still, and most files do without.
    import SimpleITK

    sitk: Any = SimpleITK  # it has no type hints
    # ITK writes warnings straight to stderr; what matters of them is checked here and said in our own words.
    sitk.ProcessObject_SetGlobalWarningDisplay(False)
    image = sitk.ImageFileReader()
    image.SetImageIO(reader)
    with _textual_name(path) as name:
        image.SetFileName(name)
        try:
            image.ReadImageInformation()
        except RuntimeError as error:
            text = str(error)
            if "orthonormal" in text or "orthogonal" in text or "Bad direction" in text:
                raise sheared_error(path) from error
            raise SSLSegmentationError("data.unreadable", f"{path}: {_itk_reason(text)}") from error
    if tuple(image.GetSize()[:3]) != tuple(sizes):
        raise SSLSegmentationError(
            "data.damaged", f"{path}: the header's size is read as {times(sizes)} and as {times(image.GetSize()[:3])} voxels."
        )
    dimensions = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(dimensions, dimensions)[:3, :3]
    spacing, origin = image.GetSpacing()[:3], image.GetOrigin()[:3]
    return checked_geometry(path, shape=(sizes[2], sizes[1], sizes[0]), spacing=spacing, origin=origin, direction=direction)


@contextlib.contextmanager
def _textual_name(path: Path) -> Iterator[str]:
    """A name of the file that is valid text: with any other, SimpleITK ends the process."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / f"scan{suffix(path)}"
            link.symlink_to(path.absolute())
            yield str(link)
    else:
        yield str(path)


def checked_geometry(
    path: Path, *, shape: Tuple[int, int, int], spacing: Sequence[float], origin: Sequence[float], direction: FloatArray
) -> Geometry:
    """A `Geometry` whose numbers are finite, whose spacing is positive and whose axes are orthogonal and of length 1."""
    numbers = [*spacing, *origin, *direction.reshape(-1)]
    if not all(math.isfinite(value) for value in numbers) or min(spacing) <= 0 or abs(np.linalg.det(direction)) < 1e-6:
        raise SSLSegmentationError(
            "data.no_geometry",
            f"{path} has no usable voxel size or direction (spacing {', '.join(f'{value:g}' for value in spacing)} mm).",
        )
    if is_sheared(direction):
        raise sheared_error(path)
    lengths = np.linalg.norm(direction, axis=0)
    if np.abs(lengths - 1).max() > UNIT_TOLERANCE:
        raise SSLSegmentationError(
            "data.no_geometry",
            f"{path}: its direction vectors have lengths {', '.join(f'{length:g}' for length in lengths)}, but must have 1: "
            "its voxel size is not certain.",
        )
    return Geometry(
        shape=shape,
        spacing=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(value) for value in direction.reshape(-1)),
    )


def is_sheared(columns: FloatArray) -> bool:
    """Whether two of the three column vectors are not orthogonal."""
    unit = columns / np.linalg.norm(columns, axis=0)
    cosines = np.abs(unit.T @ unit)[np.triu_indices(3, 1)]
    return bool(cosines.max() > ORTHOGONAL_COSINE)


def sheared_error(path: Path) -> SSLSegmentationError:
    return SSLSegmentationError("data.sheared", f"The axes of {path} are not at right angles.")


def _itk_reason(text: str) -> str:
    """The last sentence of an ITK exception, without its file and line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = re.sub(r"ITK ERROR: |\(0x[0-9a-f]+\)", "", lines[-1]) if lines else "SimpleITK cannot read it."
    return last[:300]


def detached_voxels(path: Path, name: str) -> Path:
    """The voxel file `name` that the header `path` speaks of; `data.unsupported` for several files, `data.missing`."""
    if name.upper().startswith("LIST") or "%" in name:
        raise SSLSegmentationError(
            "data.unsupported", f"{path}: its voxels are spread over several files.", hint="Save it as one file."
        )
    voxels = path.parent / name
    if not voxels.is_file():
        raise SSLSegmentationError(
            "data.missing", f"The voxel file {name} that belongs to {path} is missing.", hint="Copy it beside the header."
        )
    return voxels
