"""The state of the module survives saving, loading, importing and closing a scene, and damaged values."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
import slicer
import vtk

from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.state import node_field, node_list_field, path_field, path_list_field

from .making import add_volume


@dataclass
class Example:
    text: str = "Größe ✓ \"quoted\" | ; : 'x'\n"
    count: int = 3
    share: float = 0.5
    on: bool = False
    names: List[str] = field(default_factory=lambda: ["a"])
    table: Dict[str, Any] = field(default_factory=dict)
    maybe: Optional[int] = None
    volume: str = node_field()
    others: List[str] = node_list_field()
    folder: str = path_field()
    files: List[str] = path_list_field()

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count is negative")
        if self.count == 99 and self.on:
            raise ValueError("99 cannot be on")


def changed(volume: str = "", others: Optional[List[str]] = None) -> Example:
    return Example("ü", 7, 2.0, True, ["b", "c"], {"a": [1, {"b": None}]}, 5, volume, others or [])


def module_store(name: str = "TestModule") -> ParameterStore:
    return ParameterStore.of_module(Settings(slicer.app.userSettings()), name)


@pytest.fixture
def store(scene: Any) -> ParameterStore:
    return module_store()


def test_nothing_stored_is_the_default(store: ParameterStore) -> None:
    assert store.load(Example, prefix="p") == Example()


def test_what_is_saved_is_loaded(store: ParameterStore) -> None:
    volumes = [add_volume(name=name).GetID() for name in "abc"]
    state = changed(volumes[0], [volumes[1], "", volumes[2]])
    store.save(state, prefix="p")
    assert store.load(Example, prefix="p") == state
    assert store.load(Example, prefix="other") == Example()
    assert module_store().load(Example, prefix="p") == state


def test_a_module_has_one_node(scene: Any, store: ParameterStore) -> None:
    assert module_store().node is store.node
    assert module_store("Another").node is not store.node
    assert store.node.GetAttribute("ModuleName") == "TestModule"


def test_nodes_that_were_deleted_are_forgotten(scene: Any, store: ParameterStore) -> None:
    first, second = add_volume(), add_volume()
    store.save(changed(first.GetID(), [first.GetID(), second.GetID()]), prefix="p")
    scene.RemoveNode(first)
    loaded = store.load(Example, prefix="p")
    assert loaded.volume == ""
    assert loaded.others == ["", second.GetID()]


def test_shorter_lists_and_emptied_choices_leave_nothing_behind(store: ParameterStore) -> None:
    ids = [add_volume().GetID() for _ in range(3)]
    store.save(changed(ids[0], ids), prefix="p")
    store.save(changed("", ids[:1]), prefix="p")
    assert store.load(Example, prefix="p") == changed("", ids[:1])
    store.save(changed("", []), prefix="p")
    assert store.load(Example, prefix="p").others == []


def test_references_follow_their_nodes_through_saving_and_loading(scene: Any, store: ParameterStore, tmp_path: Path) -> None:
    volume = add_volume(name="mine")
    state = changed(volume.GetID(), [volume.GetID(), ""])
    store.save(state, prefix="p")
    bundle = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(0)
    assert scene.ReadFromMRB(bundle, False)
    loaded = module_store().load(Example, prefix="p")
    assert scene.GetNodeByID(loaded.volume).GetName() == "mine"
    assert loaded == changed(loaded.volume, [loaded.volume, ""])


def test_references_follow_their_nodes_through_an_import_that_renames_them(
    scene: Any, store: ParameterStore, tmp_path: Path
) -> None:
    volume = add_volume(name="mine")
    store.save(changed(volume.GetID()), prefix="p")
    bundle = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(0)
    add_volume(name="already here")
    assert scene.ReadFromMRB(bundle, False)
    loaded = module_store().load(Example, prefix="p")
    assert scene.GetNodeByID(loaded.volume).GetName() == "mine"


def test_paths_outlive_the_scene_and_do_not_travel_with_it(scene: Any, store: ParameterStore, tmp_path: Path) -> None:
    state = Example(folder="/home/me/scans – ü", files=["/home/me/a.zip", "/home/me/b.zip"])
    store.save(state, prefix="p")
    path = tmp_path / "scene.mrml"
    assert scene.Commit(str(path))
    assert "/home/me" not in path.read_text(encoding="utf-8")
    scene.Clear(0)
    assert store.load(Example, prefix="p") == state
    assert store.load(Example, prefix="other") == Example()


def test_a_path_that_was_emptied_stays_empty(store: ParameterStore) -> None:
    store.save(Example(folder="/scans", files=["/a.zip"]), prefix="p")
    store.save(Example(), prefix="p")
    assert store.load(Example, prefix="p") == Example()


@pytest.mark.parametrize(("name", "kept"), [("folder", 3), ("folder", ["/scans"]), ("files", "/a.zip"), ("files", [1])])
def test_a_damaged_path_in_the_settings_is_none_with_a_warning(
    store: ParameterStore, caplog: pytest.LogCaptureFixture, name: str, kept: Any
) -> None:
    Settings(slicer.app.userSettings()).set(f"p.{name}", kept)
    with caplog.at_level(logging.WARNING):
        assert store.load(Example, prefix="p") == Example()
    assert f"'{name}'" in caplog.text


def test_closing_the_scene_keeps_the_node_and_empties_it(scene: Any, store: ParameterStore) -> None:
    store.save(changed(add_volume().GetID(), [add_volume().GetID()]), prefix="p")
    scene.Clear(0)
    again = module_store()
    assert again.node is store.node
    assert again.load(Example, prefix="p") == Example()
    again.save(changed(), prefix="p")
    assert store.load(Example, prefix="p") == changed()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("count", "not json"), ("count", '"3"'), ("count", "true"), ("count", "1.5"), ("count", "-1"), ("share", '"a"'),
        ("share", "true"), ("on", "1"), ("text", "3"), ("names", "[1]"), ("names", "{}"), ("table", "[]"), ("maybe", '"x"'),
    ],
)  # fmt: skip
def test_an_invalid_value_is_its_default_with_a_warning(
    store: ParameterStore, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    store.save(changed(), prefix="p")
    store.node.SetParameter(f"p.{name}", text)
    with caplog.at_level(logging.WARNING):
        loaded = store.load(Example, prefix="p")
    assert getattr(loaded, name) == getattr(Example(), name)
    assert f"'{name}'" in caplog.text
    others = [other for other in ("text", "count", "share", "on", "names", "table", "maybe") if other != name]
    assert [getattr(loaded, other) for other in others] == [getattr(changed(), other) for other in others]


def test_values_that_do_not_fit_together_are_all_default(store: ParameterStore, caplog: pytest.LogCaptureFixture) -> None:
    store.save(changed(), prefix="p")
    store.node.SetParameter("p.count", "99")
    with caplog.at_level(logging.WARNING):
        assert store.load(Example, prefix="p") == Example()
    assert "do not fit together" in caplog.text


def test_whole_numbers_are_floats_where_floats_are_meant(store: ParameterStore) -> None:
    store.node.SetParameter("p.share", "2")
    loaded = store.load(Example, prefix="p").share
    assert (loaded, type(loaded)) == (2.0, float)


def test_a_damaged_list_of_nodes_is_empty(store: ParameterStore) -> None:
    store.node.SetParameter("p.others", "many")
    assert store.load(Example, prefix="p").others == []
    store.save(changed(), prefix="p")
    assert store.load(Example, prefix="p").others == []


def test_observers_hear_once_of_a_change_and_never_of_none(store: ParameterStore) -> None:
    heard: List[str] = []
    store.node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda node, event: heard.append(event))
    store.save(changed(), prefix="p")
    assert len(heard) == 1
    store.save(changed(), prefix="p")
    assert len(heard) == 1


def test_the_node_is_hidden_from_a_person(store: ParameterStore) -> None:
    assert store.node.GetHideFromEditors()
    assert slicer.mrmlScene.GetSingletonNode("TestModule", "vtkMRMLScriptedModuleNode") is store.node
