"""The panels, from top to bottom. A panel is a folder with state, logic and view, and one line here."""

from __future__ import annotations

from typing import Dict

# Name → module and class of the view, imported when the panel is opened for the first time.
PANELS: Dict[str, str] = {
    "backend": "backend.view:BackendPanel",
    "scans": "scans.view:ScansPanel",
    "pretrain": "pretrain.view:PretrainPanel",
    "finetune": "finetune.view:FinetunePanel",
    "apply": "apply.view:ApplyPanel",
    "biomarkers": "biomarkers.view:BiomarkersPanel",
    "runs": "runs.view:RunsPanel",
}
