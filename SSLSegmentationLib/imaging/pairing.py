"""Which file belongs to which: single files as given, two folders by equal stem. Nothing is left out in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, is_scan_name, stem

PROBABILITIES = "__probabilities"


def scans_of(folder: Path) -> Dict[str, Path]:
    """The scan files of a folder by stem, in the order of their names; probabilities of a scan beside it are left out.

    Raises `data.empty` where there is none, `usage.output_collision` where two have one stem.
    """
    found: Dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not is_scan_name(path) or not path.is_file():
            continue
        if stem(path) in found:
            raise SSLSegmentationError(
                "usage.output_collision", f"{found[stem(path)].name} and {path.name} in {folder} have the same stem."
            )
        found[stem(path)] = path
    if not found:
        raise SSLSegmentationError("data.empty", f"{folder} holds no scan file.")
    return {
        name: path for name, path in found.items() if name[: -len(PROBABILITIES)] not in found or not name.endswith(PROBABILITIES)
    }


def pair_paths(roles: Mapping[str, PathLike]) -> Dict[str, Dict[str, Path]]:
    """By stem, the file of every role (`{"image": …, "labels": …}`): all are files, or all are folders.

    For files the stem is that of the first role. Raises `data.missing`, `data.empty`, `data.unpaired` with the names,
    `usage.arguments` where files and folders are mixed.
    """
    paths = {role: Path(path) for role, path in roles.items()}
    for role, path in paths.items():
        if not path.exists():
            raise SSLSegmentationError("data.missing", f"{path} ({role}) does not exist.")
    folders = [role for role, path in paths.items() if path.is_dir()]
    if not folders:
        return {stem(next(iter(paths.values()))): paths}
    if len(folders) < len(paths):
        single = next(role for role in paths if role not in folders)
        raise SSLSegmentationError(
            "usage.arguments",
            f"{paths[folders[0]]} ({folders[0]}) is a folder, {paths[single]} ({single}) is a file.",
            hint="Give files only, or folders only.",
        )
    return _pair_folders({role: scans_of(path) for role, path in paths.items()}, paths)


def _pair_folders(files: Mapping[str, Mapping[str, Path]], folders: Mapping[str, Path]) -> Dict[str, Dict[str, Path]]:
    stems = sorted({name for found in files.values() for name in found})
    facts: List[str] = []
    for name in stems:
        missing = [role for role, found in files.items() if name not in found]
        if missing:
            present = next(found[name] for found in files.values() if name in found)
            facts.append(f"{present} has no counterpart in {folders[missing[0]]} ({missing[0]})")
    if facts:
        more = f", and {len(facts) - 3} more" if len(facts) > 3 else ""
        raise SSLSegmentationError("data.unpaired", f"{'; '.join(facts[:3])}{more}.")
    return {name: {role: found[name] for role, found in files.items()} for name in stems}
