"""`sslseg measure`: the biomarker table of one scan, or of a folder of them."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import SLICE_MEASURES, Measure, MeasureRow
from SSLSegmentationLib.contract.reporting import Following
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.biomarkers import biomarker_columns, measure, measure_slices
from SSLSegmentationLib.imaging.biomarkers.slice_table import (
    SLICE_COLUMNS,
    ScanSlices,
    mixed_axes,
    slice_records,
    with_slice,
    writing_slice_areas,
)
from SSLSegmentationLib.imaging.commands.output import number, say, say_json, warn
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.pairing import pair_paths
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.regrid import onto_same_grid
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.table import as_records, as_text, require_table_path, units, write_table

SHOWN = {"volume_ml": "volume mL", "mean": "mean", "sd": "SD", "csa_max_mm2": "largest area mm²"}
SHOWN_SLICE = {"csa_slice_mm2": "area in slice mm²", "csa_slice_index": "slice"}


def run(arguments: argparse.Namespace) -> int:
    """Measures everything first, then writes the tables: one bad scan, and there is none."""
    _require_outputs(arguments.output, arguments.slice_areas)
    maps = _named_maps(arguments.map)
    table = read_tissues(arguments.tissues) if arguments.tissues else None
    roles = {"image": arguments.image, "labels": arguments.labels, **{f"map {name}": path for name, path in maps.items()}}
    by_slice = arguments.slice is not None or arguments.slice_areas is not None
    rows: List[MeasureRow] = []
    slices: List[ScanSlices] = []
    warnings: List[str] = []
    pairs = pair_paths(roles)
    following = Following(arguments.reporter, total=len(pairs))
    for name, paths in pairs.items():
        following.begin()
        scan, labels, found = _measure_one(name, paths, maps=tuple(maps), tissues=table, following=following)
        if by_slice:
            one = _measure_slices(scan, labels, found, position=arguments.slice)
            slices.append(one)
            found = list(one.rows)
        rows += found
        # A map's NaN are counted in its own column, so its reader's warning would only repeat that.
        warnings += [*scan.warnings, *labels.warnings]
    warnings += mixed_axes(slices)
    columns = biomarker_columns(maps=tuple(maps)) + (() if arguments.slice is None else tuple(SLICE_MEASURES.values()))
    with contextlib.ExitStack() as files:
        if arguments.slice_areas is not None:
            # Its final name comes after the other table is written: both are there, or neither.
            files.enter_context(writing_slice_areas(arguments.slice_areas, slices))
        write_table(arguments.output, rows, columns=columns)
    warn(warnings, reporter=arguments.reporter)
    if arguments.json:
        say_json(_facts(arguments, rows, columns=columns, slices=slices, warnings=warnings))
    else:
        _show(rows, arguments)
    return 0


def _require_outputs(output: str, slice_areas: Optional[str]) -> None:
    """Raises `usage.arguments` where a table can't be meant, `usage.output_collision` where both would be one file."""
    require_table_path(output)
    if slice_areas is None:
        return
    require_table_path(slice_areas)
    if Path(output).resolve() == Path(slice_areas).resolve():
        raise SSLSegmentationError(
            "usage.output_collision", f"--output and --slice-areas both name {output}.", hint="Name two files."
        )


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
    name: str, paths: Mapping[str, Path], *, maps: Sequence[str], tissues: Optional[TissueTable], following: Following
) -> Tuple[Scan, LabelMap, List[MeasureRow]]:
    scan = read_scan(paths["image"])
    labels = read_label_map(paths["labels"], onto=scan.geometry, tissues=tissues)
    extra = {label: _read_map(paths[f"map {label}"], scan.geometry) for label in maps}
    following.check_cancelled()
    rows = measure(scan, labels, maps=extra, scan_name=name, on_progress=following.tell, cancelled=following.cancelled)
    return scan, labels, rows


def _measure_slices(
    scan: Scan, labels: LabelMap, rows: Sequence[MeasureRow], *, position: Optional[Union[int, float]]
) -> ScanSlices:
    """The areas of a scan by slice; where a slice is named, its area is in the rows."""
    areas = measure_slices(labels)
    if position is None:
        return ScanSlices(areas, tuple(rows))
    index = areas.find(position, name=str(scan.path))
    return ScanSlices(areas, tuple(with_slice(row, areas=areas, index=index) for row in rows))


def _facts(
    arguments: argparse.Namespace,
    rows: Sequence[MeasureRow],
    *,
    columns: Sequence[Measure],
    slices: Sequence[ScanSlices],
    warnings: Sequence[str],
) -> Dict[str, Any]:
    facts: Dict[str, Any] = {
        "output": str(arguments.output),
        "rows": as_records(rows, columns=columns),
        "units": units(columns),
        "warnings": warnings,
    }
    if arguments.slice_areas is not None:
        table = {"output": str(arguments.slice_areas), "rows": list(slice_records(slices)), "units": dict(SLICE_COLUMNS)}
        facts["slice_areas"] = table
    return facts


def _show(rows: Sequence[MeasureRow], arguments: argparse.Namespace) -> None:
    shown = SHOWN if arguments.slice is None else {**SHOWN, **SHOWN_SLICE}
    lines = [(f"{row.scan} / {row.tissue}", *(_shown(name, row.values[name]) for name in shown), row.state) for row in rows]
    say(as_text([("scan / tissue", *shown.values(), "state"), *lines]))
    say(f"{counted(len(rows), 'row')} written to {arguments.output}.")
    if arguments.slice_areas is not None:
        say(f"Areas of every slice written to {arguments.slice_areas}.")


def _shown(name: str, value: Optional[float]) -> str:
    return number(value, digits=0 if name == "csa_slice_index" else 1)
