"""Writes the troubleshooting page from the table of errors: python scripts/write_troubleshooting.py."""

from __future__ import annotations

from pathlib import Path

from SSLSegmentationLib.contract.errors import ERROR_KINDS

PAGE = Path(__file__).resolve().parents[1] / "Resources" / "Docs" / "troubleshooting.md"
EXIT_CODES = {
    0: "done",
    1: "a defect of the program",
    2: "wrong use, config or model path",
    3: "bad input data",
    4: "environment (no torch, no such device)",
    5: "out of memory",
    6: "disk (full, read-only)",
    7: "job folder in use",
    8: "cancelled",
}
INTRODUCTION = """\
# Troubleshooting

Every error ends with its code in brackets, for example `[data.truncated]`. `--traceback` shows where it arose; a job's
`log.txt` keeps it. This page is made from the program's own table by `scripts/write_troubleshooting.py`.
"""


def page() -> str:
    """The page as Markdown."""
    lines = [INTRODUCTION, "## Exit codes", "", "| exit code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    lines += ["", "## Errors", "", "| code | exit code | what it means | what to do |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {kind.exit_code} | {kind.meaning} | {kind.hint} |" for code, kind in ERROR_KINDS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
