"""The models that a person can apply or start from: those of finished runs, and packages chosen from disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import JobFolder
from SSLSegmentationLib.contract.model_card import SEGMENTATION, ModelCard
from SSLSegmentationLib.contract.model_files import read_card
from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.texts import _


@dataclass(frozen=True)
class Model:
    """A model package and its card; `path` is what `sslseg predict` takes."""

    path: Path
    card: ModelCard

    @property
    def segments(self) -> bool:
        """Whether it can be applied; else it is a pretrained one to start from."""
        return self.card.task == SEGMENTATION

    @property
    def title(self) -> str:
        dice = mean_dice(self.card)
        return self.path.name if dice is None else _("{name} (Dice {dice:.2f})").format(name=self.path.name, dice=dice)


class ModelList:
    """Finds models, and reads a card again only when its file has changed."""

    def __init__(self, settings: Settings) -> None:
        # Asked for the folder each time: a person may choose another one.
        self._settings = settings
        self._known: Dict[Path, Tuple[int, Model]] = {}

    def find(self, *, segments: bool) -> List[Model]:
        """Models of finished runs, the newest first: those that segment, or the pretrained ones."""
        found: List[Tuple[int, Model]] = []
        runs_folder = self._settings.runs_folder
        if runs_folder.is_dir():
            for folder in runs_folder.iterdir():
                entry = self._of_run(folder)
                if entry is not None and entry[1].segments == segments:
                    found.append(entry)
        return [model for _time, model in sorted(found, key=lambda entry: entry[0], reverse=True)]

    def _of_run(self, folder: Path) -> Optional[Tuple[int, Model]]:
        card_file = JobFolder(folder).model / "model.json"
        try:
            changed = card_file.stat().st_mtime_ns
            known = self._known.get(folder)
            if known is None or known[0] != changed:
                self._known[folder] = (changed, open_model(folder))
        except (OSError, SSLSegmentationError):
            # No model yet, or one that can't be used: not in the list; choosing it by hand says why.
            return None
        return self._known[folder]


def open_model(path: Path) -> Model:
    """The model in a folder, a .zip or a job folder. Raises `model.*`, `job.no_model`."""
    return Model(Path(path), read_card(path))


def mean_dice(card: ModelCard) -> Optional[float]:
    """Mean validation Dice over the tissues; None where there was no validation."""
    value = card.validation.get("dice")
    return float(value) if isinstance(value, (int, float)) else None


def card_text(model: Model) -> str:
    """What a person wants to know of a model before using it, a line each."""
    card = model.card
    dice = mean_dice(card)
    lines = [
        _("Tissues: {names}").format(names=", ".join(tissue.name for tissue in card.tissues) or _("none (pretrained only)")),
        _("Modality: {modality}, channels: {channels}").format(modality=card.modality.upper(), channels=", ".join(card.channels)),
        _("Validation Dice: {dice}").format(dice=_("not measured") if dice is None else f"{dice:.3f}"),
        _("Trained on: {facts}").format(facts=training_text(card)),
        _("Research use only, not for diagnosis."),
    ]
    return "\n".join(lines)


def training_text(card: ModelCard) -> str:
    """Scans, steps and minutes of the training, as far as the card knows them."""
    facts = card.training
    scans = _("labelled scans: {count}") if card.task == SEGMENTATION else _("scans: {count}")
    parts = [
        scans.format(count=facts["scans"]) if "scans" in facts else "",
        _("steps: {count}").format(count=facts["steps"]) if "steps" in facts else "",
        _("{minutes:.0f} min").format(minutes=facts["minutes"]) if isinstance(facts.get("minutes"), (int, float)) else "",
    ]
    return ", ".join(part for part in parts if part) or _("not said")
