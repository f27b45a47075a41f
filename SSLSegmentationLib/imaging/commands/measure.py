"""`sslseg measure`: the biomarker table of one scan, or of a folder of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import MeasureRow
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.biomarkers import biomarker_columns, measure
from SSLSegmentationLib.imaging.commands.output import number, say, say_json, warn
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.pairing import pair_paths
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.regrid import onto_same_grid
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.imaging.table import as_records, as_text, require_table_path, units, write_table

SHOWN = ("volume_ml", "mean", "sd", "csa_max_mm2")


def run(arguments: argparse.Namespace) -> int:
    """Measures everything first, then writes the table: one bad scan, and there is no table."""
    require_table_path(arguments.output)
    maps = _named_maps(arguments.map)
    table = read_tissues(arguments.tissues) if arguments.tissues else None
    roles = {"image": arguments.image, "labels": arguments.labels, **{f"map {name}": path for name, path in maps.items()}}
    rows: List[MeasureRow] = []
    warnings: List[str] = []
    for name, paths in pair_paths(roles).items():
        found, notices = _measure_one(name, paths, maps=tuple(maps), tissues=table)
        rows += found
        warnings += notices
    columns = biomarker_columns(maps=tuple(maps))
    write_table(arguments.output, rows, columns=columns)
    warn(warnings)
    if arguments.json:
        say_json(
            {
                "output": str(arguments.output),
                "rows": as_records(rows, columns=columns),
                "units": units(columns),
                "warnings": warnings,
            }
        )
    else:
        _show(rows, Path(arguments.output))
    return 0


def _named_maps(given: Sequence[Tuple[str, str]]) -> Dict[str, str]:
    """Maps by name. Raises `usage.arguments` where a name is given twice."""
    maps: Dict[str, str] = {}
    for name, path in given:
        if name in maps:
            raise SSLSegmentationError("usage.arguments", f"Two maps are named '{name}'.", hint="Give each map another name.")
        maps[name] = path
    return maps


def _read_map(path: Path, onto: Geometry) -> Scan:
    """A map in the order of the scan's voxels, where it lies on the same ones; else as it is, to be refused by name."""
    scan = read_scan(path)
    array = onto_same_grid(scan.array, scan.geometry, onto)
    return scan if array is None else Scan(array, onto, path, scan.warnings)


def _measure_one(
    name: str, paths: Mapping[str, Path], *, maps: Sequence[str], tissues: Optional[TissueTable]
) -> Tuple[List[MeasureRow], List[str]]:
    scan = read_scan(paths["image"])
    labels = read_label_map(paths["labels"], onto=scan.geometry, tissues=tissues)
    extra = {label: _read_map(paths[f"map {label}"], scan.geometry) for label in maps}
    rows = measure(scan, labels, maps=extra, scan_name=name)
    # A map's NaN are counted in its own column, so its reader's warning would only repeat that.
    return rows, [*scan.warnings, *labels.warnings]


def _show(rows: Sequence[MeasureRow], output: Path) -> None:
    heading = ("scan / tissue", "volume mL", "mean", "SD", "largest area mm²", "state")
    lines = [
        (f"{row.scan} / {row.tissue}", *(number(row.values[measure], digits=1) for measure in SHOWN), row.state) for row in rows
    ]
    say(as_text([heading, *lines]))
    say(f"{len(rows)} rows written to {output}.")
