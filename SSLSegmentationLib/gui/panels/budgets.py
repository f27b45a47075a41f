"""How long a training is meant to last, as panels remember it."""

from __future__ import annotations

MINUTES, EPOCHS, PRESET = "minutes", "epochs", "preset"
