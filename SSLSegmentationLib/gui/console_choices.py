"""What a script means: its nodes, paths and names as the scans and models of the verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Sequence, Tuple, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.console_training import Source, modality_from
from SSLSegmentationLib.gui.models import Model, open_model
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.apply import logic as applying
from SSLSegmentationLib.gui.panels.scans.logic import load_state
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, ScansState, SceneScan
from SSLSegmentationLib.gui.scene.lookup import SEGMENTATION, VOLUME, find_node, find_nodes, scan_behind
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _

APath = Union[str, Path]
AModel = Union[Model, str, Path, None]


def unlabelled_source(session: Session, volumes: Any, *, folder: Optional[APath], modality: Optional[str]) -> Source:
    """Scans to pretrain on: volumes of the scene, a folder, or what the panel Scans holds."""
    nodes = [] if volumes is None else find_nodes(volumes, VOLUME)
    if not nodes and folder is None:
        return Source(load_state(session))
    state = ScansState(unlabelled=_text(folder), modality=modality_from(nodes, modality))
    return Source(state, tuple(nodes))


def labelled_source(
    session: Session,
    pairs: Optional[Sequence[Any]],
    *,
    images: Optional[APath],
    labels: Optional[APath],
    dataset: Optional[APath],
    modality: Optional[str],
) -> Source:
    """Scans to fine-tune on: pairs of the scene, folders or a data set on disk, or what the panel Scans holds."""
    known = [_pair(entry) for entry in pairs or ()]
    on_disk = not (images is None and labels is None and dataset is None)
    if not known and not on_disk:
        return Source(load_state(session))
    state = ScansState(images=_text(images), labels=_text(labels), dataset=_text(dataset))
    if on_disk:
        state.labelled = FOLDERS if dataset is None else DATASET
    for volume, segmentation in known:
        state.add(SceneScan(volume.GetID(), segmentation.GetID()))
    state.modality = modality_from([volume for volume, _segmentation in known], modality)
    return Source(state)


def _text(path: Optional[APath]) -> str:
    return "" if path is None else str(Path(path).expanduser().absolute())


def _pair(entry: Any) -> Tuple[Any, Any]:
    if isinstance(entry, (tuple, list)):
        volume, segmentation = entry
        return find_node(volume, VOLUME), find_node(segmentation, SEGMENTATION)
    node = find_node(entry, SEGMENTATION)
    return scan_behind(node), node


def chosen_model(session: Session, model: AModel) -> Model:
    if isinstance(model, Model):
        return model
    if model is None:
        found = session.models.find(segments=True)
        if not found:
            raise SSLSegmentationError("model.invalid", _("There is no model yet."), hint=_("Run `finetune`, or give a path."))
        return found[0]
    path = Path(model).expanduser()
    of_run = session.settings.runs_folder / path
    return open_model(of_run if not path.exists() and of_run.is_dir() else path)


def require_familiar(cases: Sequence[Sequence[Any]], model: Model) -> Steps[None]:
    """Raises `model.incompatible` where a scan does not look like those that the model was trained on."""
    doubts = yield from applying.doubts(cases, model)
    if doubts:
        raise SSLSegmentationError(
            "model.incompatible",
            _("The scans do not look like those that the model was trained on: {doubts}").format(doubts="; ".join(doubts)),
            hint=_("Choose another model, or pass even_if_unfamiliar=True."),
        )
