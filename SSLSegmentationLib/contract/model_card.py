"""What a model is: the content of `model.json`, read strictly and without executing anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Tuple

from SSLSegmentationLib.contract.citations import CITATIONS
from SSLSegmentationLib.contract.config.json_text import load_json
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.strict_json import Reader
from SSLSegmentationLib.contract.tissues import LARGEST_MODEL_VALUE, Tissue, TissueTable

FORMAT_VERSION = 1
SEGMENTATION = "segmentation"
SOFTMAX = "softmax"
SIGMOID = "sigmoid"
NO_ACTIVATION = "none"
MOST_TISSUES = 255
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class ModelCard:
    """Everything about a model but its weights.

    `task` is "segmentation" or the name of a pretext task. `network` is the plan that `build_network` takes (name, dims,
    base_width, levels, in_channels, out_channels, and a network's own). `activation`: "softmax" has background as channel
    0; "sigmoid" has no background channel: the label map is the tissue of the highest probability where that is at least
    0.5, ties to the lower value; "none" for pretext tasks. `channels` names the scans of one case, in order.
    `preprocessing` is `PreprocessPlan.as_dict()`, `training_shape` counts voxels ((rows, columns), in 3D slices first),
    `tissues` are in the order of the network's outputs, `training` holds facts (scans, steps, minutes, seed, …),
    `validation` the scores per tissue, `intensity` the ranges over the training scans (`imaging.familiarity`).
    `weights` maps each weights file to its SHA-256, several files being an ensemble; it is filled in when it is saved.
    """

    task: str
    network: Mapping[str, Any]
    activation: str
    channels: Tuple[str, ...]
    modality: str
    preprocessing: Mapping[str, Any]
    training_shape: Tuple[int, ...]
    tissues: TissueTable
    training: Mapping[str, Any] = field(default_factory=dict)
    validation: Mapping[str, Any] = field(default_factory=dict)
    intensity: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    licence: str = LICENCE
    citations: Tuple[str, ...] = CITATIONS
    weights: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """The content of `model.json`."""
        return {
            "format_version": FORMAT_VERSION,
            "task": self.task,
            "network": dict(self.network),
            "activation": self.activation,
            "channels": list(self.channels),
            "modality": self.modality,
            "preprocessing": dict(self.preprocessing),
            "training_shape": list(self.training_shape),
            "tissues": [tissue.as_dict() for tissue in self.tissues],
            "training": dict(self.training),
            "validation": dict(self.validation),
            "intensity": dict(self.intensity),
            "versions": dict(self.versions),
            "licence": self.licence,
            "citations": list(self.citations),
            "weights": dict(self.weights),
        }

    def as_json(self) -> str:
        """The text of `model.json`. Raises `ValueError` where a fact is NaN or infinite."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, raw: Any, *, source: str = "model.json") -> "ModelCard":
        """The card of a parsed `model.json`; `source` names it in messages.

        Raises `model.incompatible` for a newer format, `model.invalid` for a missing key or a value of the wrong kind.
        """

        def refuse(fact: str) -> SSLSegmentationError:
            return SSLSegmentationError("model.invalid", f"{source} is not a model description: {fact}.")

        reader = Reader(raw, where="the file", refuse=refuse)
        version = reader.integer("format_version", 1, 2**31)
        if version > FORMAT_VERSION:
            raise SSLSegmentationError(
                "model.incompatible",
                f"{source} has format version {version}; this program reads versions up to {FORMAT_VERSION}.",
                hint="Update SSLSegmentation, or export the model for an older version.",
            )
        card = cls(
            task=reader.text("task"),
            network=_network(Reader(reader.get("network"), where="'network'", refuse=refuse)),
            activation=reader.text("activation", choices=(SOFTMAX, SIGMOID, NO_ACTIVATION)),
            channels=reader.texts("channels"),
            modality=reader.text("modality"),
            preprocessing=reader.mapping("preprocessing"),
            training_shape=reader.integers("training_shape", 1, 2**16),
            tissues=TissueTable.of(_tissues(reader.items("tissues"), refuse), given=True),
            training=reader.mapping("training"),
            validation=reader.mapping("validation"),
            intensity=reader.mapping("intensity"),
            versions=reader.mapping("versions"),
            licence=reader.text("licence"),
            citations=reader.texts("citations"),
            weights=_weights(reader.mapping("weights"), refuse),
        )
        fault = card.fault()
        if fault:
            raise refuse(fault)
        return card

    @classmethod
    def from_json(cls, text: str, *, source: str = "model.json") -> "ModelCard":
        """The card of the text of a `model.json`. Raises as `from_dict`."""
        try:
            raw = load_json(text, source=source)
        except SSLSegmentationError as error:
            raise SSLSegmentationError("model.invalid", error.message) from error
        return cls.from_dict(raw, source=source)

    def fault(self) -> str:
        """Why the parts of the card contradict each other; empty for a sound card."""
        dims, outputs = self.network["dims"], self.network["out_channels"]
        if len(self.training_shape) != dims:
            return f"'training_shape' has {len(self.training_shape)} sides, but the network has {dims} dimensions"
        if not self.channels:
            return "'channels' is empty"
        if self.task != SEGMENTATION:
            return ""
        values = self.tissues.values
        if not values or len(values) > MOST_TISSUES or len(set(values)) != len(values):
            return f"'tissues' must be 1 to {MOST_TISSUES} tissues of different values"
        expected = {SOFTMAX: len(values) + 1, SIGMOID: len(values)}.get(self.activation)
        if expected is None:
            return f"a segmentation needs the activation {SOFTMAX} or {SIGMOID}"
        if outputs != expected:
            return f"{len(values)} tissues with {self.activation} need {expected} outputs, but the network has {outputs}"
        return ""


def _network(reader: Reader) -> Dict[str, Any]:
    reader.text("name")
    reader.integer("dims", 2, 3)
    reader.integer("base_width", 1, 4096)
    reader.integer("levels", 1, 16)
    reader.integer("in_channels", 1, 4096)
    reader.integer("out_channels", 1, 4096)
    return dict(reader.raw)


def _tissues(rows: List[Any], refuse: Any) -> List[Tissue]:
    tissues = []
    for position, row in enumerate(rows):
        reader = Reader(row, where=f"tissue {position + 1}", refuse=refuse)
        color = reader.integers("color", 0, 255)
        if len(color) != 3:
            raise refuse(f"the colour of tissue {position + 1} must have 3 numbers")
        value = reader.integer("value", 1, LARGEST_MODEL_VALUE)
        tissues.append(Tissue(value, reader.text("name"), (color[0], color[1], color[2]), reader.text("terminology")))
    return tissues


def _weights(files: Dict[str, Any], refuse: Any) -> Dict[str, str]:
    for name, digest in files.items():
        if not isinstance(digest, str):
            raise refuse(f"the checksum of '{name}' must be text")
    return files
