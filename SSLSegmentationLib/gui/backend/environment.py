"""Where a backend lives and what is needed to make one, known before anything is downloaded."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.python_command import python_command
from SSLSegmentationLib.gui.backend.packages import PLAIN, REQUIREMENTS, TORCH, Build, sizes
from SSLSegmentationLib.gui.texts import _

# Windows refuses paths of 260 characters and more: the longest file in torch's wheel takes 171 of them, and
# \backend-1\Lib\site-packages\ before it 29.
_WINDOWS_PATH_CHARACTERS = 259 - 171 - 29
_PACKAGE = Path(__file__).resolve().parents[2]


def default_folder(
    *, environment: Optional[Mapping[str, str]] = None, home: Optional[Path] = None, system: str = sys.platform
) -> Path:
    """Where backends go unless the person chooses another place: the user's own data folder."""
    environment = os.environ if environment is None else environment
    home = Path.home() if home is None else home
    if system == "win32":
        # No further folder in it: paths are short there.
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "SSLSegmentation"
    if system == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "SSLSegmentation" / "backend"


@dataclass(frozen=True)
class BackendPlan:
    """Everything that `install` does, and what it costs.

    `python`: the one that the backend is made from. `folder`: holds all backends of this person. `pip_options`: further
    words for pip. Sizes are in bytes and estimated; `free_bytes` is None where the system does not tell.
    """

    python: str
    folder: Path
    build: Build = PLAIN
    pip_options: Tuple[str, ...] = ()
    requirements: Tuple[str, ...] = REQUIREMENTS
    download_bytes: int = 0
    disk_bytes: int = 0
    free_bytes: Optional[int] = None

    @property
    def missing_bytes(self) -> int:
        """How much space lacks; 0 where there is enough. What is downloaded is kept by pip until it is installed."""
        return 0 if self.free_bytes is None else max(0, self.download_bytes + self.disk_bytes - self.free_bytes)

    def pip_commands(self, python: PathLike) -> Tuple[Tuple[str, ...], ...]:
        """The pip commands, in order. With the standard build it is plain pip, so that a mirror or pip's own settings work."""
        pip = (*python_command(python), "-m", "pip", "install", "--no-input", "--progress-bar", "off")
        everything = (*pip, *self.pip_options, *self.requirements)
        if not self.build.index_url:
            return (everything,)
        torch = tuple(one for one in self.requirements if one.startswith("torch")) or (TORCH,)
        return ((*pip, "--index-url", self.build.index_url, *self.pip_options, *torch), everything)


def make_plan(
    python: str,
    *,
    folder: Optional[PathLike] = None,
    build: Build = PLAIN,
    pip_options: str = "",
) -> BackendPlan:
    """A plan, checked as far as it can be without writing anything.

    Raises `usage.arguments` for a folder or options that can't be used, `disk.read_only`.
    """
    place = default_folder() if folder is None else Path(folder).expanduser()
    _check_folder(place)
    download, disk = sizes(build)
    try:
        free: Optional[int] = shutil.disk_usage(_existing(place)).free
    except OSError:
        free = None
    return BackendPlan(
        python=python,
        folder=place,
        build=build,
        pip_options=split_options(pip_options),
        download_bytes=download,
        disk_bytes=disk,
        free_bytes=free,
    )


def split_options(text: str) -> Tuple[str, ...]:
    """The words of pip's options as a person types them. Raises `usage.arguments` where a quote is not closed."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if sys.platform == "win32":
        # Its paths are full of backslashes, and an apostrophe is a letter.
        lexer.escape, lexer.quotes = "", '"'
    try:
        return tuple(lexer)
    except ValueError as error:
        raise SSLSegmentationError(
            "usage.arguments",
            _("The options for pip cannot be read: {reason}.").format(reason=error),
            hint=_("Close every quotation mark."),
        ) from error


def _existing(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), Path(folder.anchor or "."))


def _check_folder(folder: Path) -> None:
    hint = _("Choose another folder for the backend.")
    if not folder.is_absolute():
        raise SSLSegmentationError("usage.arguments", _("{folder} is not a full path.").format(folder=folder), hint=hint)
    if sys.platform == "win32" and len(str(folder)) > _WINDOWS_PATH_CHARACTERS:
        message = _("The path {folder} is longer than {count} characters, which is too much for Windows.")
        raise SSLSegmentationError("usage.arguments", message.format(folder=folder, count=_WINDOWS_PATH_CHARACTERS), hint=hint)
    for forbidden in _forbidden():
        if forbidden == folder or forbidden in folder.parents:
            message = _("{folder} belongs to Slicer or to the extension: an update would remove the backend.")
            raise SSLSegmentationError("usage.arguments", message.format(folder=folder), hint=hint)
    existing = _existing(folder)
    if not existing.is_dir():
        raise SSLSegmentationError("usage.arguments", _("{path} is a file.").format(path=existing), hint=hint)
    if not os.access(existing, os.W_OK):
        raise SSLSegmentationError("disk.read_only", _("{path} cannot be written to.").format(path=existing), hint=hint)


def _forbidden() -> Tuple[Path, ...]:
    """Folders that are replaced by updates: Slicer's, its Python's, and the extension's."""
    slicer = [Path(os.environ["SLICER_HOME"])] if os.environ.get("SLICER_HOME") else []
    # In an installed extension the package lies in <extension>/lib/Slicer-X.Y/qt-scripted-modules.
    modules = _PACKAGE.parent
    extension = modules.parents[2] if modules.name == "qt-scripted-modules" else _PACKAGE
    return (*slicer, Path(sys.prefix).resolve(), extension)
