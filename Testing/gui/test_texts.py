"""Texts are translated in the context of the file that shows them, once each, without reading the call stack."""

from __future__ import annotations

import inspect
import time
from typing import Any, Iterator, List, Tuple

import pytest
from slicer import i18n

from SSLSegmentationLib.gui import texts
from SSLSegmentationLib.gui.texts import _, duration

CALLS = 20_000
SECONDS = 0.2


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[List[Tuple[str, str]]]:
    """What Slicer was asked to translate; it answers in capitals."""
    calls: List[Tuple[str, str]] = []

    def translate(context: str, text: str) -> str:
        calls.append((context, text))
        return text.upper()

    monkeypatch.setattr(i18n, "translate", translate)
    texts._translated.cache_clear()
    yield calls
    texts._translated.cache_clear()


def test_the_context_is_the_file_that_shows_the_text(asked: List[Tuple[str, str]]) -> None:
    assert _("Apply") == "APPLY"
    assert asked == [("gui.test_texts", "Apply")]
    asked.clear()
    duration(1)
    assert [context for context, _text in asked] == ["gui.texts"]


def test_a_text_is_translated_once_and_then_costs_nothing(asked: List[Tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise AssertionError("the call stack was read")

    monkeypatch.setattr(inspect, "stack", fail)
    began = time.process_time()
    for _number in range(CALLS):
        _("Segmenting …")
    assert time.process_time() - began < SECONDS
    assert len(asked) == 1


@pytest.mark.parametrize(("translated", "shown"), [("{count} Dateien", "{count} Dateien"), ("{Zahl} Dateien", "{count} files")])
def test_a_translation_that_changes_a_placeholder_is_not_used(
    monkeypatch: pytest.MonkeyPatch, translated: str, shown: str
) -> None:
    monkeypatch.setattr(i18n, "translate", lambda context, text: translated)
    texts._translated.cache_clear()
    assert _("{count} files") == shown
    texts._translated.cache_clear()


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (45, "45 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_have_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
