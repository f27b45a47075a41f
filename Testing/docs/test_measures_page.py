"""The page on measures names every column and state."""

from __future__ import annotations

from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES, BIOMARKER_MEASURES, SLICE_MEASURES, STATES, map_measures
from Testing.data import REPOSITORY


def test_every_column_and_state_is_explained() -> None:
    page = (REPOSITORY / "Resources" / "Docs" / "measures.md").read_text(encoding="utf-8")
    maps = [measure.name for measure in map_measures("NAME")]
    missing = [
        name for name in (*BIOMARKER_MEASURES, *SLICE_MEASURES, *AGREEMENT_MEASURES, *maps, *STATES) if f"`{name}`" not in page
    ]
    assert missing == []
