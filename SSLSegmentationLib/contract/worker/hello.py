"""What a worker says of itself once it is up."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any, Dict, List

from SSLSegmentationLib import __version__
from SSLSegmentationLib.contract.files import write_text
from SSLSegmentationLib.contract.worker.protocol import HELLO


def hello_facts(*, tasks: List[Dict[str, Any]], tasks_problem: str) -> Dict[str, Any]:
    """Ready for JSON. `tasks` are `TaskDescription.as_dict()` each; `tasks_problem` says why there are none."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "pid": os.getpid(),
        "torch": has_torch(),
        "tasks": tasks,
        "tasks_problem": tasks_problem,
    }


def has_torch() -> bool:
    """Whether torch is installed in this Python; it is not imported."""
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):
        return False


def write_hello(folder: Path, facts: Dict[str, Any]) -> None:
    """Errors: `disk.*`."""
    write_text(folder / HELLO, json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
