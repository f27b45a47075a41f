"""Counts in messages."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.wording import counted


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((1, "scan"), "1 scan"),
        ((0, "scan"), "0 scans"),
        ((2, "scan"), "2 scans"),
        ((1, "scan serves", "scans serve"), "1 scan serves"),
        ((3, "scan serves", "scans serve"), "3 scans serve"),
    ],
)
def test_one_is_singular_and_every_other_number_is_plural(words, text):
    assert counted(*words) == text
