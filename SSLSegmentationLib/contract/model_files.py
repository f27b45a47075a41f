"""Where the files of a model package lie: a folder, its .zip, or a job folder. Nothing is unpacked to disk or executed."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Dict, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.model_card import ModelCard

CARD_NAME = "model.json"
WEIGHTS_NAME = "weights.safetensors"
WEIGHTS_PATTERN = re.compile(r"weights(-\d{1,3})?\.safetensors")
JOB_MODEL_FOLDER = "model"
JOB_FILES = ("config.json", "status.json")
LARGEST_CARD_BYTES = 16 * 2**20
# Weights hardly compress; an archive that shrinks more than this was made to fill the memory.
LARGEST_COMPRESSION = 50.0
PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".pkl", ".bin")
# What macOS adds to archives; never read.
ARCHIVE_LITTER = ("__MACOSX/", ".DS_Store")


@dataclass(frozen=True)
class ModelFiles:
    """A model package at `path`; `members` maps "model.json" and the weights files to their place in the folder or .zip."""

    path: Path
    members: Dict[str, str]

    @property
    def is_zip(self) -> bool:
        return self.path.is_file()

    @property
    def weights_names(self) -> Tuple[str, ...]:
        """The weights files in order; several are the members of an ensemble."""
        names = [name for name in self.members if name != CARD_NAME]
        return tuple(sorted(names, key=lambda name: (len(name), name)))

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises `model.invalid` where it is damaged or can't be read."""
        try:
            if not self.is_zip:
                return (self.path / self.members[name]).read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.members[name])
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise SSLSegmentationError("model.invalid", f"{name} of the model {self.path} cannot be read: {error}.") from error

    def read_card(self) -> ModelCard:
        """The model's card. Raises `model.invalid` or `model.incompatible`."""
        source = f"{CARD_NAME} of {self.path}"
        try:
            text = self.read(CARD_NAME).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SSLSegmentationError("model.invalid", f"{source} is not text.") from error
        return ModelCard.from_json(text, source=source)


def find_model(path: PathLike) -> ModelFiles:
    """The model package that MODEL means: a model folder, its .zip, or a job folder with a model.

    Raises `model.invalid` for anything else, `job.no_model` for a job folder that has no model yet.
    """
    place = Path(path)
    if place.is_file():
        return _in_zip(place)
    if not place.is_dir():
        raise SSLSegmentationError("model.invalid", f"There is no model at {place}.")
    if (place / CARD_NAME).is_file():
        return _in_folder(place)
    if (place / JOB_MODEL_FOLDER / CARD_NAME).is_file():
        return _in_folder(place / JOB_MODEL_FOLDER)
    if any((place / name).is_file() for name in JOB_FILES):
        raise SSLSegmentationError("job.no_model", f"The job {place} has no model yet.")
    raise SSLSegmentationError(
        "model.invalid", f"{place} holds no {CARD_NAME}.{_pickle_note([item.name for item in place.iterdir()])}"
    )


def read_card(path: PathLike) -> ModelCard:
    """The card of the model at `path`. Raises as `find_model`, and where the card is damaged or too new."""
    return find_model(path).read_card()


def _in_folder(folder: Path) -> ModelFiles:
    if (folder / CARD_NAME).stat().st_size > LARGEST_CARD_BYTES:
        raise SSLSegmentationError("model.invalid", f"{folder / CARD_NAME} is larger than {LARGEST_CARD_BYTES // 2**20} MB.")
    names = sorted(item.name for item in folder.iterdir() if item.is_file())
    members = {name: name for name in names if name == CARD_NAME or WEIGHTS_PATTERN.fullmatch(name)}
    if len(members) < 2:
        raise SSLSegmentationError("model.invalid", f"The model {folder} has no {WEIGHTS_NAME}.{_pickle_note(names)}")
    return ModelFiles(folder, members)


def _in_zip(path: Path) -> ModelFiles:
    if not zipfile.is_zipfile(path):
        raise SSLSegmentationError("model.invalid", f"{path} is neither a model folder nor a .zip of one, or it is damaged.")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise SSLSegmentationError("model.invalid", f"{path} is damaged: {error}.") from error
    members: Dict[str, str] = {}
    folders = set()
    for entry in entries:
        if entry.filename.startswith(ARCHIVE_LITTER[0]) or entry.filename.endswith(ARCHIVE_LITTER[1]):
            continue
        place = PurePosixPath(entry.filename)
        fault = _entry_fault(entry, place)
        if not fault and place.name in members:
            fault = "is there twice"
        if fault:
            raise SSLSegmentationError("model.invalid", f"{path} is not a model: its entry '{entry.filename}' {fault}.")
        members[place.name] = entry.filename
        folders.add(place.parent)
    if CARD_NAME not in members or len(members) < 2 or len(folders) != 1:
        raise SSLSegmentationError("model.invalid", f"{path} does not hold {CARD_NAME} and {WEIGHTS_NAME} in one folder.")
    return ModelFiles(path, members)


def _entry_fault(entry: zipfile.ZipInfo, place: PurePosixPath) -> str:
    """Why an entry of an archive can't be part of a model; empty for a good one."""
    if place.is_absolute() or ".." in place.parts or "\\" in entry.filename or ":" in entry.filename or len(place.parts) > 2:
        return "lies outside of the model's folder"
    if place.name != CARD_NAME and not WEIGHTS_PATTERN.fullmatch(place.name):
        return "is no file of a model"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted"
    if place.name == CARD_NAME and entry.file_size > LARGEST_CARD_BYTES:
        return f"is larger than {LARGEST_CARD_BYTES // 2**20} MB"
    if entry.file_size > LARGEST_COMPRESSION * max(entry.compress_size, 1024):
        return f"would grow more than {LARGEST_COMPRESSION:g}-fold when unpacked"
    return ""


def _pickle_note(names: "list[str]") -> str:
    pickles = [name for name in names if name.lower().endswith(PICKLE_SUFFIXES)]
    return f" {pickles[0]} may be a pickle, which can run code when it is read, and is never opened." if pickles else ""
