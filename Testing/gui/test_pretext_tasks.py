"""The engine's tasks as the panel sees them: all of what they say survives the way through a worker."""

from __future__ import annotations

import json

import pytest
import slicer

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.pretext_tasks import check_task, known_tasks, tasks_of
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, Settings
from Testing.gui.engine import backend_python

TOY = TaskDescription(
    name="toy",
    title="Toy",
    summary="Does something.",
    dims=(3,),
    settings=(
        ("turns", 2, FieldInfo("int", "number of turns", unit="turns", low=1, high=4)),
        ("strength", 0.5, FieldInfo("float", "how strong", low=0.0, high=1.0)),
        ("axis", "any", FieldInfo("choice", "axis of the turn", choices=("any", "first"))),
        ("scales", (0.5, 2.0), FieldInfo("floats", "range", low=0.1, high=4.0, length=(2, 2))),
        ("size", "auto", FieldInfo("int", "size", unit="voxels", low=1, words=("auto",), optional=True)),
    ),
    unused={"sampling": "It turns the whole image."},
)


@pytest.fixture
def session(scene):
    settings = Settings(slicer.app.userSettings())
    made = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield made
    made.close()


def test_a_task_is_the_same_after_the_way_through_json():
    told = json.loads(json.dumps([TOY.as_dict()]))
    assert tasks_of(told) == {"toy": TOY}


def test_what_cannot_be_read_is_left_out():
    assert tasks_of([{"name": "half"}, "text", TOY.as_dict()]) == {"toy": TOY}
    assert tasks_of(None) == {}
    assert tasks_of({"toy": 1}) == {}


def test_slicers_own_python_tells_the_tasks_without_a_backend(session):
    tasks = Operation(known_tasks(session)).wait(60)
    assert {"context_prediction", "context_restoration"} <= set(tasks)
    assert tasks["context_restoration"].dims == (2, 3)
    assert session.local.hello()["torch"] is False


def test_the_backend_is_asked_where_slicers_python_cannot_tell(session, monkeypatch):
    monkeypatch.setattr("SSLSegmentationLib.contract.worker.Worker.hello", lambda worker: {"tasks": [], "tasks_problem": "x"})
    with pytest.raises(SSLSegmentationError) as caught:
        Operation(known_tasks(session)).wait(60)
    assert caught.value.code == "environment.no_torch"


def test_the_backend_tells_where_slicers_own_python_is_not_found(session, monkeypatch):
    def not_found(folder, *, idle_minutes):
        raise SSLSegmentationError("environment.missing_package", "PythonSlicer was not found.")

    monkeypatch.setattr("SSLSegmentationLib.gui.session.local_worker", not_found)
    session.settings.set(BACKEND_PYTHON, backend_python())
    assert "context_restoration" in Operation(known_tasks(session)).wait(120)


def test_a_task_that_is_not_there_or_not_in_these_dimensions_is_named():
    tasks = {"toy": TOY}
    assert check_task(tasks, "toy", dims=3) is TOY
    with pytest.raises(SSLSegmentationError, match="no pretext task 'tox'") as caught:
        check_task(tasks, "tox", dims=3)
    assert "toy" in caught.value.hint
    with pytest.raises(SSLSegmentationError, match="'Toy' works in 3D only"):
        check_task(tasks, "toy", dims=2)
