"""What the panel Backend keeps in the scene. Paths and pip's options are this computer's: they are in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from SSLSegmentationLib.gui.backend.packages import PLAIN


@dataclass
class BackendState:
    """`build`: which build of torch is installed, a key of `BUILDS`."""

    build: str = PLAIN.name
