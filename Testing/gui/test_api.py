"""The verbs of the console on real nodes; what needs a backend is tried in the stories and on the documentation page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import pytest
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import JobFolder
from SSLSegmentationLib.gui import api, console_choices, console_training
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom
from Testing.gui.engine import backend_python
from Testing.harness.watchdog import pump


@pytest.fixture(autouse=True)
def own_session(scene: Any, tmp_path: Path) -> Iterator[None]:
    default_session().settings.set(DATA_FOLDER, str(tmp_path / "data"))
    yield
    close_default_session()


def in_scene(name: str, *, seed: int = 1, shape: tuple[int, int, int] = (4, 48, 48)) -> tuple[Any, Any, Phantom]:
    phantom = make_phantom("ct_body", seed=seed, shape=shape)
    volume = Operation(volume_from_scan(phantom.scans["ct"], name)).wait()
    labels = phantom.label_map
    steps = create_segmentation(volume, name=f"{name} truth", label_map=labels.array, tissues=labels.tissues, tags={})
    return volume, Operation(steps).wait(), phantom


def error_of(call: Callable[[], Any]) -> SSLSegmentationError:
    with pytest.raises(SSLSegmentationError) as caught:
        call()
    return caught.value


def test_a_segmentation_is_measured_by_its_name() -> None:
    _volume, truth, phantom = in_scene("CT")
    measurement: Any = api.measure("CT truth")
    for name, facts in phantom.truth["tissues"].items():
        assert measurement[name]["volume_ml"] == pytest.approx(facts["volume_ml"], rel=1e-9)
        assert measurement[name]["mean"] == pytest.approx(facts["mean_noisy"], rel=1e-6)
    assert measurement.table.GetName() == "CT truth biomarkers"
    lines = repr(measurement).splitlines()
    assert lines[0].split() == ["tissue", "voxels", "volume_ml", "mean", "csa_max_mm2", "state"]
    assert len(lines) == 1 + truth.GetSegmentation().GetNumberOfSegments()
    with pytest.raises(KeyError, match="there is no tissue 'liver', but muscle"):
        measurement["liver"]


def test_a_reference_gives_a_second_table_and_a_map_gives_columns() -> None:
    volume, truth, _phantom = in_scene("CT")
    twice = slicer.util.addVolumeFromArray(slicer.util.arrayFromVolume(volume) * 2, name="map")
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    twice.SetIJKToRASMatrix(matrix)
    measurement: Any = api.measure(truth, volume, reference=truth, parameter_map="map")
    assert {row.values["dice"] for row in measurement.agreement} == {1.0}
    assert measurement.agreement_table.GetNumberOfRows() == len(measurement.rows)
    assert measurement["muscle"]["map_mean"] == pytest.approx(2 * measurement["muscle"]["mean"], rel=1e-6)


def test_with_callbacks_the_application_carries_the_work_on() -> None:
    _volume, truth, _phantom = in_scene("CT")
    done: list[Any] = []
    shares: list[Any] = []
    operation: Any = api.measure(truth, on_done=done.append, on_progress=shares.append)
    assert isinstance(operation, Operation) and operation.running
    assert pump(lambda: done, timeout=60)
    assert done[0] is operation.result and shares


def test_an_error_reaches_its_callback_and_a_cancelled_operation_leaves_nothing() -> None:
    _volume, truth, _phantom = in_scene("CT")
    errors: list[SSLSegmentationError] = []
    operation: Any = api.measure(truth, on_error=errors.append)
    operation.step()
    operation.cancel()
    assert [error.code for error in errors] == ["job.cancelled"]
    scratch = default_session().scratch
    assert [path.name for path in scratch.iterdir() if not path.name.startswith("worker")] == []
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0


def test_ctrl_c_ends_what_was_running(monkeypatch: pytest.MonkeyPatch) -> None:
    _volume, truth, _phantom = in_scene("CT")

    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("SSLSegmentationLib.gui.operation.time.sleep", pressed)
    with pytest.raises(KeyboardInterrupt):
        api.measure(truth)
    monkeypatch.undo()
    scratch = default_session().scratch
    assert [path.name for path in scratch.iterdir() if not path.name.startswith("worker")] == []


def test_a_preview_is_shown_as_one_volume() -> None:
    in_scene("CT")
    corruption: Any = api.preview("CT", settings={"pretext.patch_size": 4, "preprocess.training_shape": [48, 48]}, index=1)
    assert (corruption.preview.index, corruption.preview.shape) == (1, (48, 48))
    assert "slice 2 of 4 (axial): patches of 4 voxels" in repr(corruption)
    node = corruption.show()
    shown = slicer.util.arrayFromVolume(node)
    assert shown.shape == (1, 48, 144) and np.array_equal(shown[0, :, 48:96], corruption.preview.corrupted)
    assert node.GetName() == "CT preview"


def test_a_task_without_a_picture_says_which_have_one() -> None:
    in_scene("CT")
    error = error_of(lambda: api.preview("CT", task="contrastive"))
    assert error.code == "config.conflict" and "context restoration" in error.hint


@pytest.mark.parametrize(
    ("call", "code", "fact"),
    [
        (lambda: api.measure("CT"), "data.missing", "There is no segmentation 'CT' in the scene."),
        (lambda: api.preview("CR"), "data.missing", "There is no volume 'CR' in the scene."),
        (lambda: api.preview(slicer.util.getNode("CT truth")), "usage.arguments", "'CT truth' is a segmentation, but a volume"),
        (lambda: api.preview(None), "data.missing", "Nothing is chosen."),
        (lambda: api.segment("CT"), "model.invalid", "There is no model yet."),
        (lambda: api.segment("CT", "no such run"), "model.invalid", "There is no model at"),
        (lambda: api.pretrain("CT"), "usage.arguments", "CT or MRI"),
        (lambda: api.finetune(["CT truth"], modality="ct"), "environment.no_torch", "not set up"),
        (lambda: api.use_backend("/no/python"), "environment.missing_package", "There is no Python at"),
        (lambda: api.measure("alone"), "usage.arguments", "It is not known which scan 'alone' was made on."),
        (lambda: api.measure("same"), "usage.arguments", "2 nodes have the name 'same'."),
    ],
)
def test_what_is_wrong_is_said_with_a_hint(call: Callable[[], Any], code: str, fact: str) -> None:
    in_scene("CT")
    for name in ("alone", "same", "same"):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        node.SetName(name)
    error = error_of(call)
    assert (error.code, fact in error.message) == (code, True), error
    assert error.hint


def test_a_name_that_is_missing_lists_those_that_are_there() -> None:
    in_scene("CT")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    assert error_of(lambda: api.preview("CR")).hint == "There are: 'CT'."


def test_a_node_of_an_id_is_found_and_a_name_comes_first() -> None:
    volume, _truth, _phantom = in_scene("CT")
    other, _truth, _phantom = in_scene(volume.GetID(), seed=2)
    assert "slice" in repr(api.preview(other.GetID(), settings={"pretext.patch_size": 4}))


def test_training_with_settings_that_cannot_hold_leaves_no_folder(tmp_path: Path) -> None:
    in_scene("CT")
    api.use_backend(backend_python())
    before = {"train.max_steps": 5, "network.base_widht": 4}
    error = error_of(lambda: api.finetune(["CT truth"], modality="ct", settings=before))
    assert error.code == "config.unknown_key" and "network.base_width" in error.hint
    assert error_of(lambda: api.pretrain("CT", modality="ct", task="nonsense")).code == "config.invalid_value"
    assert error_of(lambda: api.pretrain("CT", modality="ct", settings={"steps": 1, "a.b.c": 1})).code == "config.invalid_value"
    assert list((tmp_path / "data" / "runs").iterdir()) == []


def test_a_budget_among_the_settings_replaces_the_panels() -> None:
    config = {"preset": "default", "train": {"max_minutes": 30.0, "learning_rate": 0.1}}
    changed = console_training.with_settings(config, {"train.max_steps": 5, "seed": 3})
    assert changed["train"] == {"max_minutes": None, "max_epochs": None, "max_steps": 5, "learning_rate": 0.1}
    assert changed["seed"] == 3 and config["train"] == {"max_minutes": 30.0, "learning_rate": 0.1}


def test_the_modality_comes_from_the_volumes_where_they_tell_it() -> None:
    volume, _truth, _phantom = in_scene("CT")
    volume.SetAttribute("DICOM.Modality", "CT")
    assert console_training.modality_from([volume], None) == "ct"
    assert console_training.modality_from([volume], "mri") == "mri"


def test_scans_on_disk_and_those_of_the_panel_are_taken_as_they_were_given(tmp_path: Path) -> None:
    session = default_session()
    nowhere: dict[str, Any] = {"images": None, "labels": None, "dataset": None, "modality": None}
    kept = ScansState(unlabelled="/scans", modality="ct")
    session.store.save(kept, prefix="scans")
    assert console_choices.unlabelled_source(session, None, folder=None, modality=None).state == kept
    assert console_choices.labelled_source(session, None, **nowhere).state == kept
    folder = console_choices.unlabelled_source(session, None, folder=tmp_path / "a", modality="mri").state
    assert (folder.unlabelled, folder.modality) == (str(tmp_path / "a"), "mri")
    pair = {**nowhere, "images": tmp_path / "a", "labels": tmp_path / "b", "modality": "ct"}
    found = console_choices.labelled_source(session, None, **pair).state
    assert (found.labelled, found.images, found.labels) == ("folders", str(tmp_path / "a"), str(tmp_path / "b"))
    found = console_choices.labelled_source(session, None, **{**nowhere, "dataset": "d.json", "modality": "ct"}).state
    assert (found.labelled, found.dataset) == ("dataset", str(Path("d.json").absolute()))


def test_a_model_is_not_applied_to_what_it_was_not_trained_on(small_model: Path) -> None:
    volume, _truth, _phantom = in_scene("CT")
    slicer.util.arrayFromVolume(volume)[:] = 30000
    error = error_of(lambda: api.segment("CT", small_model))
    assert error.code == "model.incompatible" and "even_if_unfamiliar" in error.hint


def test_a_model_of_another_network_is_no_start(small_model: Path, tmp_path: Path) -> None:
    in_scene("CT")
    api.use_backend(backend_python())
    wide = {"network.base_width": 16, "train.max_steps": 2}
    error = error_of(lambda: api.finetune(["CT truth"], modality="ct", pretrained=small_model, settings=wide))
    assert error.code == "model.incompatible" and "channels" in error.message
    assert list((tmp_path / "data" / "runs").iterdir()) == []


def test_runs_are_listed_and_stopped_by_name(tmp_path: Path) -> None:
    _volume, truth, _phantom = in_scene("CT")
    assert repr(api.runs()) == "no runs yet" and repr(api.models()) == "no models yet"
    api.use_backend(backend_python())
    started: Any = api.finetune([(_volume, truth)], modality="ct", settings={"train.max_minutes": 30}, name="long", on_done=print)
    assert pump(lambda: JobFolder(tmp_path / "data" / "runs" / "long").events.is_file(), timeout=60)
    (row,) = api.runs()
    assert (row.name, row.state) == ("long", "running")
    assert repr(api.runs()).startswith("0  long  finetune  running")
    # One that has no time to stop in order, on a busy machine, is ended by force.
    assert api.stop("long") in ("cancelled", "interrupted")
    assert error_of(started.wait).code in ("job.cancelled", "job.backend_died")
    with pytest.raises(SSLSegmentationError):
        api.stop("never")


def test_the_session_of_the_open_panels_is_used(open_module: Any) -> None:
    own = default_session()
    module = open_module()
    slicer.modules.SSLSegmentationWidget = type("Widget", (), {"panels": module})()
    assert default_session() is module.session and default_session() is not own
    slicer.modules.SSLSegmentationWidget.panels = None
    assert default_session() is own


def test_a_closed_session_is_made_anew_and_close_twice_is_harmless() -> None:
    first = default_session()
    api.close()
    api.close()
    assert not first.scratch.exists()
    assert default_session() is not first and default_session() is default_session()


def test_the_backend_is_kept_in_the_settings_of_slicer() -> None:
    api.use_backend(backend_python())
    kept = json.loads(slicer.app.userSettings().value(f"SSLSegmentation/{BACKEND_PYTHON}"))
    assert Path(kept).samefile(backend_python())
