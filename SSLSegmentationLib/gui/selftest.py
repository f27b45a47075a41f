"""The stories of the module, told inside a running Slicer: by 'Reload and Test', by ctest, and by the project's own tests.

Each story is a function without arguments that starts from an empty scene and fails by an `AssertionError` or an error. They
work in folders of their own and leave runs and settings as they were.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

import numpy as np
import slicer

from SSLSegmentationLib.gui import api
from SSLSegmentationLib.gui.default_session import default_session
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, LAST_MODEL
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.phantoms.phantom import Phantom

# A network and a budget so small that a story takes seconds; nobody judges its segmentations.
SMALL = {
    "preprocess.training_shape": [32, 32],
    "network.base_width": 4,
    "network.levels": 3,
    "pretext.patch_size": 4,
    "pretext.mask_pool": 4,
    "train.max_steps": 12,
    "train.batch_size": 4,
}
SHAPE = (4, 48, 48)
RELATIVE_ERROR = 1e-6

_LOG = logging.getLogger(__name__)


def measuring() -> None:
    """A phantom comes into the scene, and the volumes of its tissues are measured exactly."""
    _volume, truth, phantom = _phantom_in_scene(1)
    measurement: Any = api.measure(truth)
    for name, facts in phantom.truth["tissues"].items():
        _require_close(measurement[name]["volume_ml"], facts["volume_ml"], f"volume of {name}")
    table = measurement.table
    _require(table.GetNumberOfRows() == len(phantom.tissues), "the table has a row per tissue")
    _require(slicer.mrmlScene.IsNodePresent(table), "the table is in the scene")


def correcting() -> None:
    """A corrected segmentation is measured again, without anything else being done."""
    volume, truth, phantom = _phantom_in_scene(1)
    before: Any = api.measure(truth)
    segment = truth.GetSegmentation().GetNthSegmentID(0)
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(truth, segment, volume)
    voxels[voxels.shape[0] // 2 :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, truth, segment, volume)
    after: Any = api.measure(truth, table=before.table)
    name = phantom.tissues.tissues[0].name
    _require(after[name]["voxels"] == int(voxels.sum()), "the measured voxels are those that are left")
    _require(after.table.GetID() == before.table.GetID(), "the same table is filled again")


def previewing() -> None:
    """The corruption of a pretext task is shown for a slice of a phantom, without a backend."""
    volume, _truth, _phantom = _phantom_in_scene(1)
    corruption: Any = api.preview(volume, settings={"pretext.patch_size": 4, "preprocess.training_shape": [48, 48]})
    shown = corruption.preview
    changed = float(np.mean(shown.original != shown.corrupted))
    _require(0.05 < changed < 0.5, f"about a quarter of the picture is changed, not {changed:.0%}")
    _require(slicer.mrmlScene.IsNodePresent(corruption.show()), "the preview is a volume of the scene")


def training() -> None:
    """From scans without labels to a segmentation and its table: pretrain, fine-tune, segment, measure. Needs a backend."""
    if not _has_backend():
        _LOG.warning("No backend is set up: the story of training is left out.")
        return
    with _own_folder():
        scans = [_phantom_in_scene(seed) for seed in (1, 2, 3)]
        pretrained: Any = api.pretrain([volume for volume, _truth, _phantom in scans], modality="ct", settings=SMALL)
        _require(not pretrained.segments, "a pretrained model does not segment")
        pairs = [(volume, truth) for volume, truth, _phantom in scans[:2]]
        steps = {"train.max_steps": 12, "train.batch_size": 4, "preprocess.training_shape": [32, 32]}
        model: Any = api.finetune(pairs, modality="ct", pretrained=pretrained, settings=steps)
        _require(model.segments, "a fine-tuned model segments")
        volume, truth, phantom = scans[2]
        (segmentation,) = api.segment(volume, model, even_if_unfamiliar=True)  # type: ignore[misc]
        names = [tissue.name for tissue in phantom.tissues]
        _require(_segment_names(segmentation) == names, "the segments are the tissues of the labelled scans")
        measurement: Any = api.measure(segmentation, reference=truth)
        _require(len(measurement.rows) == len(names), "every tissue has its row")
        _require(len(measurement.agreement) == len(names), "every tissue is compared with the truth")
        _require({row.state for row in api.runs()} == {"done"} and len(api.runs()) == 2, "both runs are listed as done")


STORIES: Tuple[Callable[[], None], ...] = (measuring, correcting, previewing, training)


def _phantom_in_scene(seed: int) -> Tuple[Any, Any, Phantom]:
    phantom = make_phantom("ct_body", seed=seed, shape=SHAPE)
    volume = Operation(volume_from_scan(phantom.scans["ct"], f"phantom {seed}")).wait()
    labels = phantom.label_map
    steps = create_segmentation(volume, name=f"truth {seed}", label_map=labels.array, tissues=labels.tissues, tags={})
    return volume, Operation(steps).wait(), phantom


def _segment_names(segmentation: Any) -> Any:
    content = segmentation.GetSegmentation()
    return [content.GetNthSegment(number).GetName() for number in range(content.GetNumberOfSegments())]


def _has_backend() -> bool:
    python = default_session().settings.get(BACKEND_PYTHON)
    return bool(python) and Path(str(python)).is_file()


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """Runs and models go into a folder that is removed afterwards; the settings are as before then."""
    settings = default_session().settings
    before = {key: settings.get(key) for key in (DATA_FOLDER, LAST_MODEL)}
    folder = Path(tempfile.mkdtemp(prefix="SSLSegmentation-stories-"))
    settings.set(DATA_FOLDER, str(folder))
    try:
        yield folder
    finally:
        for key, value in before.items():
            settings.set(key, value)
        shutil.rmtree(folder, ignore_errors=True)


def _require(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(f"It does not hold that {what}.")


def _require_close(value: Any, expected: float, what: str) -> None:
    close = value is not None and abs(value - expected) <= RELATIVE_ERROR * abs(expected)
    _require(close, f"the {what} is {expected}, not {value}")
