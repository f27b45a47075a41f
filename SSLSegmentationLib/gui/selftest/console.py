"""The stories of a person at the Python console: the verbs of `api` on phantoms."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from SSLSegmentationLib.gui import api
from SSLSegmentationLib.gui.selftest.support import own_folder, phantom_in_scene, require, require_backend, require_close

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


def measuring() -> None:
    """A phantom comes into the scene, and the volumes of its tissues are measured exactly."""
    _volume, truth, phantom = phantom_in_scene(1)
    measurement: Any = api.measure(truth)
    for name, facts in phantom.truth["tissues"].items():
        require_close(measurement[name]["volume_ml"], facts["volume_ml"], f"volume of {name}")
    table = measurement.table
    require(table.GetNumberOfRows() == len(phantom.tissues), "the table has a row per tissue")
    require(slicer.mrmlScene.IsNodePresent(table), "the table is in the scene")


def correcting() -> None:
    """A corrected segmentation is measured again, without anything else being done."""
    volume, truth, phantom = phantom_in_scene(1)
    before: Any = api.measure(truth)
    segment = truth.GetSegmentation().GetNthSegmentID(0)
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(truth, segment, volume)
    voxels[voxels.shape[0] // 2 :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, truth, segment, volume)
    after: Any = api.measure(truth, table=before.table)
    name = phantom.tissues.tissues[0].name
    require(after[name]["voxels"] == int(voxels.sum()), "the measured voxels are those that are left")
    require(after.table.GetID() == before.table.GetID(), "the same table is filled again")


def previewing() -> None:
    """The corruption of a pretext task is shown for a slice of a phantom, without a backend."""
    volume, _truth, _phantom = phantom_in_scene(1)
    corruption: Any = api.preview(volume, settings={"pretext.patch_size": 4, "preprocess.training_shape": [48, 48]})
    shown = corruption.preview
    changed = float(np.mean(shown.original != shown.corrupted))
    require(0.05 < changed < 0.5, f"about a quarter of the picture is changed, not {changed:.0%}")
    require(slicer.mrmlScene.IsNodePresent(corruption.show()), "the preview is a volume of the scene")


def training() -> None:
    """From scans without labels to a segmentation and its table: pretrain, fine-tune, segment, measure. Needs a backend."""
    require_backend()
    with own_folder():
        scans = [phantom_in_scene(seed) for seed in (1, 2, 3)]
        pretrained: Any = api.pretrain([volume for volume, _truth, _phantom in scans], modality="ct", settings=SMALL)
        require(not pretrained.segments, "a pretrained model does not segment")
        pairs = [(volume, truth) for volume, truth, _phantom in scans[:2]]
        steps = {"train.max_steps": 12, "train.batch_size": 4, "preprocess.training_shape": [32, 32]}
        model: Any = api.finetune(pairs, modality="ct", pretrained=pretrained, settings=steps)
        require(model.segments, "a fine-tuned model segments")
        volume, truth, phantom = scans[2]
        (segmentation,) = api.segment(volume, model, even_if_unfamiliar=True)  # type: ignore[misc]  # blocking: a list
        names = [tissue.name for tissue in phantom.tissues]
        require(_segment_names(segmentation) == names, "the segments are the tissues of the labelled scans")
        measurement: Any = api.measure(segmentation, reference=truth)
        require(len(measurement.rows) == len(names), "every tissue has its row")
        require(len(measurement.agreement) == len(names), "every tissue is compared with the truth")
        require({row.state for row in api.runs()} == {"done"} and len(api.runs()) == 2, "both runs are listed as done")


def _segment_names(segmentation: Any) -> Any:
    content = segmentation.GetSegmentation()
    return [content.GetNthSegment(number).GetName() for number in range(content.GetNumberOfSegments())]
