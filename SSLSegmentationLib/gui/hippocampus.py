"""The public hippocampus scans of the Medical Segmentation Decathlon, as a data set on this computer.

They are downloaded when a person presses their button in the module Sample Data, and never before.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Dict, Optional

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.gui.downloading import download
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.sample_loading import Loaded
from SSLSegmentationLib.gui.samples import HIPPOCAMPUS
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan

LARGEST_FILE_BYTES = 20 * 2**20


def data_set(session: Session, checksums: Path) -> Steps[Path]:
    """The data set's folder with its dataset.json, downloaded and unpacked beside the runs where it is not there yet.

    `checksums` is a file as sha256sum writes it: the SHA-256 of files of the data set, relative to its folder.

    Raises `data.missing` where it does not come, `data.unreadable`, `disk.*`.
    """
    target = session.settings.data_folder / "samples" / HIPPOCAMPUS.name
    if not (target / "dataset.json").is_file():
        folder = session.new_folder("download")
        try:
            archive = yield from download(HIPPOCAMPUS, folder / f"{HIPPOCAMPUS.name}.tar")
            yield from unpack(archive, target, checksums)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return target


def unpack(archive: Path, target: Path, checksums: Path) -> Steps[None]:
    """Makes the data set's folder, in one step at its end. Raises `data.unreadable`, `disk.*`.

    Only plain files below the archive's own folder are written, and every file that `checksums` lists must be as it says.
    """
    with disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=target.parent))
        try:
            written = yield from _extract(archive, making)
            _check(archive, written, _published(checksums))
            if not (making / "dataset.json").is_file():
                raise SSLSegmentationError("data.unreadable", _("{path} holds no dataset.json.").format(path=archive))
            if target.exists():
                shutil.rmtree(target)
            making.rename(target)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def load_first(folder: Path) -> Steps[Loaded]:
    """The first labelled scan of the data set, with its label map, in the scene."""
    found = find_cases(DataConfig(dataset=str(folder / "dataset.json")))
    case = next(case for case in found.cases if case.label is not None)
    yield Progress(_("Loading the scan"))
    scan = read_scan(case.images[0])
    labels = read_label_map(str(case.label), onto=scan.geometry, tissues=found.tissues)
    volume = yield from volume_from_scan(scan, case.id)
    name = _("{volume} truth").format(volume=volume.GetName())
    truth = yield from create_segmentation(
        volume, name=name, label_map=labels.array, tissues=labels.tissues, tags={"Origin": HIPPOCAMPUS.name}
    )
    return Loaded(volume, truth)


def _published(checksums: Path) -> Dict[str, str]:
    """SHA-256 by file name."""
    lines = checksums.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _two, name in (line.partition("  ") for line in lines)}


def _check(archive: Path, written: Dict[str, str], published: Dict[str, str]) -> None:
    for name, digest in published.items():
        if name not in written:
            raise SSLSegmentationError("data.unreadable", _("{path} lacks {name}.").format(path=archive, name=name))
        if written[name] != digest:
            text = _("{path}: {name} is not the published file, its SHA-256 is another one.")
            raise SSLSegmentationError("data.unreadable", text.format(path=archive, name=name))


def _extract(archive: Path, folder: Path) -> Steps[Dict[str, str]]:
    """Gives the SHA-256 of each file that it wrote, by name."""
    written: Dict[str, str] = {}
    try:
        with tarfile.open(archive) as opened:
            members = opened.getmembers()
            for number, member in enumerate(members):
                yield Progress(_("Unpacking {name}").format(name=HIPPOCAMPUS.name), number / len(members))
                place = _place(member)
                content = opened.extractfile(member) if place is not None and member.size <= LARGEST_FILE_BYTES else None
                if place is not None and content is not None:
                    written[place.as_posix()] = _write(content.read(), folder.joinpath(*place.parts))
    except (tarfile.TarError, EOFError) as error:
        raise SSLSegmentationError(
            "data.unreadable", _("{path} is damaged: {error}.").format(path=archive, error=error)
        ) from error
    return written


def _place(member: tarfile.TarInfo) -> Optional[PurePosixPath]:
    """Where a member goes in the data set's folder; None for what is left out: folders, links, notes of macOS, odd names."""
    path = PurePosixPath(member.name)
    inside = path.parts[1:]
    odd = path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name
    if odd or not inside or len(inside) > 2 or path.parts[0] != HIPPOCAMPUS.name:
        return None
    return PurePosixPath(*inside) if member.isreg() and not inside[-1].startswith("._") else None


def _write(content: bytes, path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
