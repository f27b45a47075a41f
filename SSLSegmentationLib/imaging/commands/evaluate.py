"""`sslseg evaluate`: agreement of one segmentation, or of a folder of them, with the right ones."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.measures import MeasureRow
from SSLSegmentationLib.contract.reporting import Following
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.agreement import TissueSummary, agreement_columns, evaluate, mean_dice, summarise
from SSLSegmentationLib.imaging.commands.output import number, say, say_json, warn
from SSLSegmentationLib.imaging.pairing import pair_paths
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.table import as_records, as_text, require_table_path, units, write_table


def run(arguments: argparse.Namespace) -> int:
    """Compares everything first, then writes the table: one bad file, and there is no table."""
    require_table_path(arguments.output)
    table = read_tissues(arguments.tissues) if arguments.tissues else None
    roles = {"prediction": arguments.prediction, "reference": arguments.reference}
    if arguments.image:
        roles["image"] = arguments.image
    rows: List[MeasureRow] = []
    warnings: List[str] = []
    pairs = pair_paths(roles)
    following = Following(arguments.reporter, total=len(pairs))
    for name, paths in pairs.items():
        following.begin()
        found, notices = _evaluate_one(name, paths, tissues=table, following=following)
        rows += found
        warnings += notices
    columns = agreement_columns()
    summaries = summarise(rows)
    write_table(arguments.output, rows, columns=columns)
    warn(warnings, reporter=arguments.reporter)
    if arguments.json:
        say_json(
            {
                "output": str(arguments.output),
                "rows": as_records(rows, columns=columns),
                "units": units(columns),
                "summary": {"mean_dice": mean_dice(summaries), "tissues": [summary.as_dict() for summary in summaries]},
                "warnings": warnings,
            }
        )
    else:
        _show(summaries, rows=len(rows), output=Path(arguments.output))
    return 0


def _evaluate_one(
    name: str, paths: Mapping[str, Path], *, tissues: Optional[TissueTable], following: Following
) -> Tuple[List[MeasureRow], List[str]]:
    scan = read_scan(paths["image"]) if "image" in paths else None
    reference = read_label_map(paths["reference"], onto=None if scan is None else scan.geometry, tissues=tissues)
    # Without a table the reference's names count: the same tissue may have another number in the prediction.
    prediction = read_label_map(paths["prediction"], onto=reference.geometry, tissues=tissues or reference.tissues)
    following.check_cancelled()
    rows = evaluate(
        prediction,
        reference,
        scan=scan,
        tissues=tissues,
        scan_name=name,
        on_progress=following.tell,
        cancelled=following.cancelled,
    )
    own = [] if scan is None else list(scan.warnings)
    return rows, [*own, *reference.warnings, *prediction.warnings]


def _show(summaries: Sequence[TissueSummary], *, rows: int, output: Path) -> None:
    heading = ("tissue", "mean Dice", "scans", "missed", "Hausdorff 95 mm", "surface mm", "|volume error| %")
    lines = [
        (
            summary.tissue,
            number(summary.dice_mean, digits=4),
            str(summary.scans),
            str(summary.missed),
            number(summary.hausdorff95_mm_median, digits=2),
            number(summary.assd_mm_median, digits=2),
            number(summary.volume_error_percent_median, digits=1),
        )
        for summary in summaries
    ]
    say(as_text([heading, *lines]))
    say(f"Mean Dice over the tissues: {number(mean_dice(summaries), digits=4)} (a missed one counts as 0); the rest are medians.")
    say(f"{counted(rows, 'row')} written to {output}.")
