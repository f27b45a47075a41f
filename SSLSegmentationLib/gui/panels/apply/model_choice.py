"""The chooser of the model, with what a person wants to know of the chosen one."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.models import Model, ModelList, card_text, open_model
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form

CHOOSE = "choose"


class ModelChoice:
    """Offers the models that segment. One that was chosen and can't be used any more stays, with the reason in `problem`."""

    def __init__(self, models: ModelList) -> None:
        self._list = models
        self._models: Dict[str, Model] = {}
        self.problem = ""
        self.combo = form.choice([])
        self.card = form.note()

    @property
    def model(self) -> Optional[Model]:
        """The chosen model; None where there is none, or one that can't be used."""
        return self._models.get(str(self.combo.currentData))

    def show(self, chosen: str) -> str:
        """Fills the list and chooses the model of that path ("": the newest); gives the path that is chosen then."""
        self._models = {str(model.path): model for model in self._list.find(segments=True)}
        self.problem = ""
        if chosen and chosen not in self._models:
            try:
                self._models[chosen] = segmenting_model(chosen)
            except SSLSegmentationError as error:
                self.problem = f"{error.message} {error.hint}"
        entries = [(path, model.title) for path, model in self._models.items()]
        if self.problem:
            entries.append((chosen, _("{name} (cannot be used)").format(name=Path(chosen).name)))
        form.fill_choice(self.combo, [*entries, (CHOOSE, _("Choose a file …"))])
        form.select(self.combo, chosen or entries[0][0] if entries else CHOOSE)
        model = self.model
        if model is not None:
            self.card.setText(card_text(model))
        else:
            self.card.setText(self.problem or _("No model yet: train one under 'Fine-tune', or choose a model file."))
        return "" if self.combo.currentData == CHOOSE else str(self.combo.currentData)


def segmenting_model(path: str) -> Model:
    """The model at a path. Raises `model.*` and `job.no_model`, also for a pretrained one, which has no tissues."""
    model = open_model(Path(path))
    if not model.segments:
        raise SSLSegmentationError(
            "model.incompatible",
            _("{name} is a pretrained model, which does not segment yet.").format(name=model.path.name),
            hint=_("Choose it under 'Fine-tune' to start from."),
        )
    return model
