"""Reading and writing a tissue table: a JSON list, or a CSV, of value, name, color and terminology."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, write_text
from SSLSegmentationLib.contract.tissues import Color, Tissue, TissueTable, default_tissue

COLUMNS = ("value", "name", "color", "terminology")
LARGEST_VALUE = 2**32 - 1


def read_tissues(path: PathLike) -> TissueTable:
    """The table of a file, `given`; raises `data.missing`, `data.unreadable` or `data.dataset_invalid` naming the row."""
    file = Path(path)
    if not file.is_file():
        raise SSLSegmentationError("data.missing", f"The tissue table {file} does not exist.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SSLSegmentationError(
            "data.unreadable", f"The tissue table {file} cannot be read: {error}.", hint="Save it as UTF-8."
        ) from error
    rows = _csv_rows(file, text) if file.suffix.lower() == ".csv" else _json_rows(file, text)
    if not rows:
        raise SSLSegmentationError("data.dataset_invalid", f"The tissue table {file} has no tissue.")
    tissues = [_tissue(file, number, row) for number, row in enumerate(rows, start=1)]
    for field in ("value", "name"):
        seen = [getattr(tissue, field) for tissue in tissues]
        double = next((entry for entry in seen if seen.count(entry) > 1), None)
        if double is not None:
            raise SSLSegmentationError("data.dataset_invalid", f"The tissue table {file} has the {field} {double!r} twice.")
    return TissueTable.of(tissues, given=True)


def write_tissues(path: PathLike, tissues: TissueTable) -> None:
    """Writes a table by suffix: CSV, else JSON."""
    if Path(path).suffix.lower() != ".csv":
        write_text(path, json.dumps([tissue.as_dict() for tissue in tissues], indent=2, ensure_ascii=False) + "\n")
        return
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([tissue.value, tissue.name, " ".join(map(str, tissue.color)), tissue.terminology] for tissue in tissues)
    write_text(path, out.getvalue())


def _json_rows(file: Path, text: str) -> List[Dict[str, Any]]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SSLSegmentationError("data.dataset_invalid", f"The tissue table {file} is not JSON: {error}.") from error
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise SSLSegmentationError("data.dataset_invalid", f"The tissue table {file} is not a list of {{{', '.join(COLUMNS)}}}.")
    return raw


def _csv_rows(file: Path, text: str) -> List[Dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text), restkey="(more)", strict=True)
    try:
        rows: List[Dict[str, Any]] = [
            {(key or "").strip(): cell for key, cell in row.items() if cell is not None} for row in reader
        ]
    except csv.Error as error:
        raise SSLSegmentationError("data.dataset_invalid", f"The tissue table {file} is not CSV: {error}.") from error
    for row in rows:
        if isinstance(row.get("color"), str):
            row["color"] = re.findall(r"[^\s,;\[\]()]+", row["color"])
            if not row["color"]:
                del row["color"]
    return rows


def _tissue(file: Path, number: int, row: Dict[str, Any]) -> Tissue:
    def wrong(fact: str) -> SSLSegmentationError:
        return SSLSegmentationError("data.dataset_invalid", f"The tissue table {file}, entry {number}: {fact}.")

    unknown = [key for key in row if key not in COLUMNS]
    if unknown:
        raise wrong(f"'{unknown[0]}' is not one of {', '.join(COLUMNS)}")
    value = _whole(row.get("value"))
    if value is None or not 1 <= value <= LARGEST_VALUE:
        raise wrong(f"value {row.get('value')!r} is not a whole number from 1 (0 is background)")
    name, terminology = row.get("name"), row.get("terminology", "")
    if not isinstance(name, str) or not name.strip():
        raise wrong("the name is missing")
    if not isinstance(terminology, str):
        raise wrong(f"terminology {terminology!r} is not text")
    fallback = default_tissue(value, name.strip())
    if "color" not in row or row["color"] is None:
        return Tissue(value, fallback.name, fallback.color, terminology.strip())
    return Tissue(value, fallback.name, _color(row["color"], wrong=wrong), terminology.strip())


def _color(raw: Any, *, wrong: Callable[[str], SSLSegmentationError]) -> Color:
    channels = [_whole(part) for part in raw] if isinstance(raw, list) else []
    red, green, blue = channels if len(channels) == 3 else (None, None, None)
    if red is None or green is None or blue is None or not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise wrong(f"color {raw!r} is not three whole numbers from 0 to 255")
    return (red, green, blue)


def _whole(raw: Any) -> Optional[int]:
    """`raw` as a whole number; None where it is none (true and 1.5 are none)."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, str):
        return int(raw) if re.fullmatch(r"\s*\d{1,12}\s*", raw, flags=re.ASCII) else None
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() else None
    return raw if isinstance(raw, int) else None
