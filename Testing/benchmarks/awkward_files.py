"""Every file of the collection of awkward files through `sslseg inspect`, its verdict compared with the collection's own.

    python -m Testing.benchmarks.awkward_files [--data FOLDER] [--output TABLE.md]

FOLDER holds EXPECTED.json. A label map (label_*, and what has a pair_with) goes through --labels of its image. Files that
need DICOM may be refused.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from SSLSegmentationLib.cli import main as command_line
from SSLSegmentationLib.contract.errors import EXIT_DATA, EXIT_DONE
from SSLSegmentationLib.contract.files import write_text
from Testing.data import DATA

AFFINE_TOLERANCE = 1e-3
RELATIVE_TOLERANCE = 1e-5
RESULT = Path(__file__).parent / "results" / "awkward_files.md"
# Outcomes of entries whose verdict is left to the reader, by what they accept besides "read" and "refuse".
READ_WITH_WARNING = ("read by the sform with a warning", "read with a warning that orientation is unknown", "round with a notice")
COUNTED = "skip them and say how many"


@dataclass(frozen=True)
class Verdict:
    """What `inspect` did with one entry, and whether that is accepted. `objections` are empty for an accepted one."""

    file: str
    expected: str
    outcome: str
    message: str
    objections: Tuple[str, ...]


def run_inspect(paths: List[str]) -> Tuple[int, List[Dict[str, Any]], str]:
    """Exit code, objects and stderr of `sslseg inspect --json`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command_line(["inspect", *paths, "--json"])
    return code, json.loads(out.getvalue()) if out.getvalue() else [], err.getvalue().strip()


def judge(entry: Dict[str, Any], folder: Path) -> Verdict:
    """One entry of EXPECTED.json through the command."""
    file, expected, pair = entry["file"], entry["expected"], entry.get("pair_with")
    paths = [str(folder / pair), "--labels", str(folder / file)] if pair else [str(folder / file)]
    code, objects, stderr = run_inspect(paths)
    objections: List[str] = []
    if code not in (EXIT_DONE, EXIT_DATA):
        objections.append(f"exit code {code}")
    if "Traceback" in stderr or len(stderr.splitlines()) > 1:
        objections.append(f"more than one line on stderr: {stderr}")
    facts: Optional[Dict[str, Any]] = None
    if objects:
        facts = objects[0]["label_map"] if pair else objects[0]
    objections += _objections(entry, facts, stderr, dicom=file.startswith(("dicom/", "series/")))
    message = stderr.replace(f"{folder}/", "") if facts is None else "; ".join(facts["warnings"]) or facts["sha256"][:12]
    return Verdict(file, expected["action"], "refused" if facts is None else "read", message, tuple(objections))


def _objections(entry: Dict[str, Any], facts: Optional[Dict[str, Any]], stderr: str, *, dicom: bool) -> List[str]:
    expected = entry["expected"]
    accept = expected.get("accept") or []
    if facts is None:
        if not stderr.startswith("error: ") or Path(entry["file"]).name not in stderr:
            return ["the message does not name the file"]
        may_refuse = (
            dicom or expected["action"] == "refuse" or any("refuse" in outcome for outcome in accept) or "reference" in expected
        )
        return [] if may_refuse else ["refused, but should be read"]
    if expected["action"] == "refuse":
        return ["read, but should be refused"]
    wrong = _differences(expected.get("reference", expected), facts)
    if expected["action"] == "decide" and "reference" not in expected:
        if COUNTED in accept and facts["n_not_finite"] == 0:
            wrong.append("voxels that are not finite are not counted")
        if any(outcome in accept for outcome in READ_WITH_WARNING) and not facts["warnings"]:
            wrong.append("read without a warning")
        if not any(outcome in accept for outcome in (*READ_WITH_WARNING, COUNTED, "read")):
            wrong.append("read, which is not accepted")
    return wrong


def _differences(expected: Dict[str, Any], facts: Dict[str, Any]) -> List[str]:
    """Where the facts leave the reference: hash (without one, statistics), shape, affine, count of voxels that are not finite."""
    wrong = []
    if expected.get("shape", facts["shape"]) != facts["shape"]:
        wrong.append(f"shape {facts['shape']}, expected {expected['shape']}")
    rows = zip(expected.get("affine_ras", facts["affine_ras"]), facts["affine_ras"])
    if any(abs(a - b) > AFFINE_TOLERANCE for wanted, found in rows for a, b in zip(wanted, found)):
        wrong.append(f"affine {facts['affine_ras']}")
    if expected.get("n_not_finite", facts["n_not_finite"]) != facts["n_not_finite"]:
        wrong.append(f"{facts['n_not_finite']} voxels not finite")
    if "sha256" in expected:
        # Every value of the collection is exact in float32, so that the hash must be equal.
        return wrong + ([] if expected["sha256"] == facts["sha256"] else ["other voxel values"])
    close = all(
        abs(expected.get(key, facts[key]) - facts[key]) <= RELATIVE_TOLERANCE * max(1.0, abs(facts[key]))
        for key in ("min", "max", "mean")
    )
    if not close:
        wrong.append("other voxel values")
    return wrong


def judge_all(folder: Path) -> List[Verdict]:
    """All entries of the collection."""
    entries = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))["entries"]
    return [judge(entry, folder) for entry in entries]


def table(verdicts: List[Verdict]) -> str:
    """The verdicts as Markdown."""
    wrong = [verdict for verdict in verdicts if verdict.objections]
    read = sum(verdict.outcome == "read" for verdict in verdicts)
    lines = [
        "# Awkward files through `sslseg inspect`",
        "",
        "`python -m Testing.benchmarks.awkward_files`",
        "",
        f"{len(verdicts)} entries: {read} read, {len(verdicts) - read} refused with exit code 3, {len(wrong)} not as accepted.",
        "",
        "| file | expected | outcome | what is said | accepted |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {verdict.file} | {verdict.expected} | {verdict.outcome} | {verdict.message.replace('|', ' ')} "
        f"| {'; '.join(verdict.objections) or 'yes'} |"
        for verdict in verdicts
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Awkward files through sslseg inspect.")
    parser.add_argument("--data", type=Path, default=DATA / "awkward", help="folder with EXPECTED.json")
    parser.add_argument("--output", type=Path, default=RESULT, help="Markdown table to write")
    arguments = parser.parse_args()
    verdicts = judge_all(arguments.data)
    write_text(arguments.output, table(verdicts))
    wrong = [verdict for verdict in verdicts if verdict.objections]
    sys.stdout.write(f"{len(verdicts)} entries, {len(wrong)} not as accepted\n")
    for verdict in wrong:
        sys.stdout.write(f"{verdict.file}: {verdict.outcome}: {'; '.join(verdict.objections)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
