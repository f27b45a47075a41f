"""The whole story on phantoms: from a folder of scans to a table, through a correction and a restart of Slicer."""

from __future__ import annotations

import slicer

from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, Settings
from Testing.gui.engine import backend_python
from Testing.gui.story import Data, play

# Seconds that the thread that draws the windows may be busy at a stretch.
LONGEST_BLOCK = 0.1


def test_from_a_folder_of_scans_to_a_table_and_back_after_a_restart(open_module, ct_phantoms):
    Settings(slicer.app.userSettings()).set(BACKEND_PYTHON, backend_python())
    images, labels = ct_phantoms
    told = play(open_module, Data(images / "ct_l3_0003.nii.gz", images, labels, "ct", minutes=0.1, continue_minutes=0.05))
    assert len(told.seconds) == 10
    assert told.longest_block < 2 * LONGEST_BLOCK, told.blocks
