"""Titles of the panels as a person reads them."""

from __future__ import annotations

from typing import Dict, Tuple

from SSLSegmentationLib.gui.panels import PANELS
from SSLSegmentationLib.gui.texts import _


def panel_titles() -> Dict[str, Tuple[str, str]]:
    """(title, tooltip) of each panel, in order."""
    titles = {
        "backend": (_("Backend"), _("The Python with torch that trains and applies models; set up once.")),
        "scans": (_("Scans"), _("Which scans are there to learn from, and which of them are labelled.")),
        "pretrain": (_("Pretrain"), _("Learns from scans without labels.")),
        "finetune": (_("Fine-tune"), _("Learns the tissues from the labelled scans.")),
        "apply": (_("Apply"), _("Segments scans with a model.")),
        "biomarkers": (_("Biomarkers"), _("Volume, area and intensity of each tissue.")),
        "runs": (_("Runs"), _("All trainings: how they went, and how to go on.")),
    }
    return {name: titles[name] for name in PANELS}
