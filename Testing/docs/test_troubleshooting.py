"""The troubleshooting page says what the table of errors says."""

from __future__ import annotations

import runpy

from SSLSegmentationLib.contract.errors import ERROR_KINDS
from Testing.data import REPOSITORY


def test_page_is_made_from_the_table_of_errors() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "write_troubleshooting.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["page"]()


def test_every_exit_code_is_explained() -> None:
    script = runpy.run_path(str(REPOSITORY / "scripts" / "write_troubleshooting.py"))
    assert {kind.exit_code for kind in ERROR_KINDS.values()} <= set(script["EXIT_CODES"])
