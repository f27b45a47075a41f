"""Does a config fit the model that fine-tuning starts from? In plain words, and with the model's own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Tuple

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.texts import _

# What `--pretrained` needs alike up to the last layer; "auto" takes the model's.
_NETWORK_KEYS = ("name", "dims", "base_width", "levels")
_NORMALISATION_OF = {"ct": "ct_windows", "mri": "zscore"}


@dataclass(frozen=True)
class Misfit:
    """What differs, a sentence each; `solvable`: taking the model's own values makes it fit."""

    sentences: Tuple[str, ...] = ()
    solvable: bool = True

    def __bool__(self) -> bool:
        return bool(self.sentences)


def misfit(config: Config, model: Model) -> Misfit:
    """Why fine-tuning with `config` cannot start from `model`; empty where it can."""
    sentences = []
    for key in _NETWORK_KEYS:
        own, wanted = getattr(config.network, key), model.card.network.get(key)
        if own not in ("auto", wanted):
            sentences.append(_network_sentence(key, own, wanted))
    card = model.card.preprocessing
    normalisation = _normalisation(config)
    if card.get("normalisation") not in (None, normalisation):
        sentences.append(
            _("The model's intensities were scaled by {model}, yours are by {own}.").format(
                model=card["normalisation"], own=normalisation
            )
        )
    neighbours = config.preprocess.neighbour_slices
    if neighbours not in ("auto", card.get("neighbour_slices", 0)):
        sentences.append(
            _("The model sees {model} neighbouring slices on each side, yours sees {own}.").format(
                model=card["neighbour_slices"], own=neighbours
            )
        )
    other_modality = model.card.modality != config.data.modality
    if other_modality:
        sentences = [
            _("The model was trained on {model} scans, yours are {own}: choose another model, or correct 'Scans'.").format(
                model=model.card.modality.upper(), own=config.data.modality.upper()
            )
        ]
    return Misfit(tuple(sentences), solvable=not other_modality)


def like_model(model: Model) -> Dict[str, Any]:
    """The parts of a config that make the network that of the model."""
    card = model.card.preprocessing
    preprocess = {key: card[key] for key in ("normalisation", "windows", "neighbour_slices") if key in card}
    if not preprocess.get("windows"):
        preprocess.pop("windows", None)
    return {"network": {key: model.card.network[key] for key in _NETWORK_KEYS}, "preprocess": preprocess}


def _normalisation(config: Config) -> str:
    own = config.preprocess.normalisation
    return _NORMALISATION_OF[config.data.modality] if own == "auto" else own


def _network_sentence(key: str, own: Any, wanted: Any) -> str:
    sentences = {
        "name": _("The model's network is {model}, yours is {own}."),
        "dims": _("The model works in {model}D, yours in {own}D."),
        "base_width": _("The model's first level has {model} channels, yours has {own}."),
        "levels": _("The model has {model} levels, yours has {own}."),
    }
    return sentences[key].format(model=wanted, own=own)
