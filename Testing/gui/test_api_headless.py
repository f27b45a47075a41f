"""The verbs in a plain Python that has Slicer's scene but no application: no harness, no Qt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from Testing.data import REPOSITORY
from Testing.gui.engine import backend_python


def test_a_script_without_the_application_runs_and_leaves_no_process(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    variables = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "SSLSEG_SETTINGS": str(settings),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, str(REPOSITORY / "Testing" / "gui" / "headless_script.py"), backend_python()]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "patches of 4 voxels" in lines[0]
    assert lines[1].split()[0] == "tissue" and any(line.startswith("muscle ") for line in lines)
    assert lines[-2].startswith("done ") and lines[-1] == "no runs yet"
    assert json.loads(settings.read_text()) == {
        "SSLSegmentation/backendPython": json.dumps(str(Path(backend_python()).absolute()))
    }
    assert list(tmp_path.glob("SSLSegmentation-*")) == []
    running = [Path(entry).joinpath("cmdline") for entry in Path("/proc").glob("[0-9]*")]
    workers = [path for path in running if path.is_file() and str(tmp_path) in path.read_bytes().decode("utf-8", "replace")]
    assert workers == []
