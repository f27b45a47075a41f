"""Fine-tune: pressed as a person presses it, with a real backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from Testing.gui.training_stories import choose_scans, picture, quick_settings, ball_scans, until  # noqa: F401


@pytest.fixture
def panel(module, ball_scans):  # noqa: F811
    choose_scans(module.session, ball_scans)
    return module.panel("finetune")


def test_a_training_runs_to_its_model(panel, module, tmp_path):
    quick_settings(panel, name="fïrst ruñ")
    assert panel.start_button.enabled, panel.start_button.toolTip
    picture(module, "finetune", Path("/tmp/team/pics/finetune_before.png"))
    panel.start_button.click()
    until(lambda: panel.run is not None and panel.run.losses)
    picture(module, "finetune", Path("/tmp/team/pics/finetune_running.png"))
    until(lambda: panel.operation is None)
    print(panel.live.progress.text.text)
    picture(module, "finetune", Path("/tmp/team/pics/finetune_after.png"))
    runs = module.panel("runs")
    picture(module, "runs", Path("/tmp/team/pics/runs0.png"))
    until(lambda: module.session.runs.rows)
    runs.table.widget.selectRow(0)
    until(lambda: runs._reading is None and runs._looking is None)
    picture(module, "runs", Path("/tmp/team/pics/runs.png"))
