"""The pages on the Slicer module say what there is, and their links lead somewhere."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from Testing.data import REPOSITORY

DOCS = REPOSITORY / "Resources" / "Docs"
PAGES = (REPOSITORY / "README.md", DOCS / "slicer_module.md", DOCS / "slicer_console.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_panel_is_described() -> None:
    tree = ast.parse((REPOSITORY / "SSLSegmentationLib" / "gui" / "panels" / "titles.py").read_text(encoding="utf-8"))
    titles = [
        str(value.elts[0].args[0].value)  # type: ignore[attr-defined]  # found by its shape
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for value in node.values
    ]
    rows = re.findall(r"^\| ([\w-]+) \|", (DOCS / "slicer_module.md").read_text(encoding="utf-8"), re.M)
    assert len(titles) >= 7 and rows[1:] == titles


def test_the_terms_that_are_named_are_shipped() -> None:
    (file,) = (REPOSITORY / "SSLSegmentation" / "Resources" / "Terminologies").glob("*.term.json")
    context = json.loads(file.read_text(encoding="utf-8"))["SegmentationCategoryTypeContextName"]
    assert f"*{context.partition(' - ')[2]}*" in (DOCS / "slicer_module.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_says_that_it_is_for_research_only(page: Path) -> None:
    assert "research use only" in page.read_text(encoding="utf-8").lower()
