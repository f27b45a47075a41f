"""Time that the module's file costs at every start of Slicer, and what its opening imports.

    python -m Testing.benchmarks.module_import [--repeats 20] [--python PYTHON]

Each import is made in a fresh process of PYTHON (the running one by default) with empty stand-ins for Slicer's own modules;
the time is that of executing the file, without the interpreter's start. The first process, which reads from a cold disk,
counts as well. Writes results/module_import.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results"
MODULE = REPOSITORY / "SSLSegmentation" / "SSLSegmentation.py"
HEAVY = ("torch", "scipy", "numpy", "SimpleITK", "matplotlib", "yaml", "vtk", "qt")

STAND_INS = """
import sys, types
for name in ("slicer", "slicer.i18n", "slicer.ScriptedLoadableModule"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["slicer.i18n"].tr = sys.modules["slicer.i18n"].translate = lambda *texts: texts[-1]
for name in ("", "Logic", "Test", "Widget"):
    setattr(sys.modules["slicer.ScriptedLoadableModule"], "ScriptedLoadableModule" + name, type("Base", (), {}))
"""
MEASURE = """
import json, time
began = time.perf_counter()
%s
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "imported": [name for name in %r if name in sys.modules], "modules": len(sys.modules)}))
"""
FILE = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("SSLSegmentation", {str(MODULE)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
"""
IMPORTS = {
    "the module's file": FILE,
    "the module's file and what it registers when Slicer is up": FILE + "import SSLSegmentationLib.gui.registration",
    "imaging's preprocessing, which the preview needs": "import SSLSegmentationLib.imaging.preprocess",
}


def import_times(python: str, code: str, *, repeats: int) -> dict[str, Any]:
    """Median, slowest and first of `repeats` fresh processes, and which heavy packages they had imported."""
    runs = []
    for _ in range(repeats):
        command = [python, "-c", STAND_INS + MEASURE % (code, HEAVY)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        runs.append(json.loads(done.stdout))
    seconds = [run["seconds"] for run in runs]
    return {
        "median_seconds": round(statistics.median(seconds), 4),
        "slowest_seconds": round(max(seconds), 4),
        "first_seconds": round(seconds[0], 4),
        "imported": runs[0]["imported"],
        "repeats": repeats,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="import time of the Slicer module")
    parser.add_argument("--repeats", type=int, default=20, help="fresh processes of each kind (20)")
    parser.add_argument("--python", default=sys.executable, help="the Python that imports (the running one)")
    arguments = parser.parse_args()
    version = subprocess.run([arguments.python, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    facts: dict[str, Any] = {"python": version, "machine": platform.machine()}
    for name, code in IMPORTS.items():
        facts[name] = import_times(arguments.python, code, repeats=arguments.repeats)
        print(f"{name}: {facts[name]}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "module_import.json"
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
