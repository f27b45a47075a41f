"""The whole story on phantoms: from a folder of scans to a table, through a correction and a restart of Slicer."""

from __future__ import annotations

import slicer

from SSLSegmentationLib.gui.selftest.in_slicer import play
from SSLSegmentationLib.gui.selftest.person import Person
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, Settings
from Testing.gui.engine import backend_python
from Testing.gui.story import Told, wait_for_end
from Testing.harness.watchdog import LONGEST_BLOCK, pump


def test_from_a_folder_of_scans_to_a_table_and_back_after_a_restart(module_in_slicer, tmp_path):
    settings = Settings(slicer.app.userSettings())
    settings.set(BACKEND_PYTHON, backend_python())
    settings.set(DATA_FOLDER, str(tmp_path))
    told = Told()
    wait_for_end(play(Person(pump), told.part).cancelled_pid)
    assert len(told.seconds) == 12
    assert told.longest_block < LONGEST_BLOCK, told.blocks
    assert settings.get(DATA_FOLDER) == str(tmp_path) and list(tmp_path.iterdir()) == []
    assert slicer.modules.SSLSegmentationWidget.panels.session.settings.data_folder == tmp_path
