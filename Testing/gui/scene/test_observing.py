"""Observers: called without arguments, and never again once taken back."""

from __future__ import annotations

from typing import Any

from SSLSegmentationLib.gui.scene.observing import LAST, Observers


def test_handlers_are_called_until_they_are_taken_back(scene: Any) -> None:
    heard: list[str] = []
    observers = Observers()
    observers.add(scene, scene.StartCloseEvent, lambda: heard.append("start"))
    observers.add(scene, scene.EndCloseEvent, lambda: heard.append("end"))
    scene.Clear(0)
    assert heard == ["start", "end"]
    observers.remove_all()
    observers.remove_all()
    scene.Clear(0)
    assert heard == ["start", "end"]


def test_the_last_handlers_come_after_those_added_later(scene: Any) -> None:
    heard: list[str] = []
    observers = Observers()
    observers.add(scene, scene.EndCloseEvent, lambda: heard.append("last"), priority=LAST)
    observers.add(scene, scene.EndCloseEvent, lambda: heard.append("later"))
    scene.Clear(0)
    observers.remove_all()
    assert heard == ["later", "last"]
