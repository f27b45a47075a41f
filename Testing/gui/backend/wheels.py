"""Tiny packages that stand in for torch and the others: a folder of wheels that pip installs without a network."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Dict, Optional

from SSLSegmentationLib.gui.backend.environment import BackendPlan, make_plan

# As much of torch as `sslseg doctor` asks.
TORCH = """
import types
__version__ = "9.1.0"
version = types.SimpleNamespace(cuda="")
cuda = types.SimpleNamespace(is_available=lambda: False)
def get_num_threads():
    return 3
"""
MODULES = {
    "torch": ("torch", "9.1.0", TORCH),
    "numpy": ("numpy", "9.2.0", ""),
    "scipy": ("scipy", "9.3.0", ""),
    "SimpleITK": ("SimpleITK", "9.4.0", ""),
    "pyyaml": ("yaml", "9.5.0", ""),
    "safetensors": ("safetensors", "9.6.0", ""),
    "matplotlib": ("matplotlib", "9.7.0", ""),
}


def make_wheel(folder: Path, name: str, version: str, files: Dict[str, bytes]) -> Path:
    """A wheel of pure Python with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in contents.items())
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in contents.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return wheel


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def make_wheels(folder: Path, *, torch: str = TORCH) -> Path:
    """All that a backend needs, as packages that hold next to nothing."""
    for name, (module, version, source) in MODULES.items():
        text = torch if name == "torch" else source
        make_wheel(folder, name, version, {f"{module}/__init__.py": text.encode()})
    return folder


def make_slow_package(folder: Path, marker: Path) -> Path:
    """A package that has to be built, and whose building starts a process and then takes for ever."""
    source = folder / "torch-9.1.0"
    source.mkdir(parents=True)
    (source / "setup.py").write_text(
        "import os, subprocess, sys, time\n"
        "sleeper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(marker)!r}, 'w').write('%d %d' % (os.getpid(), sleeper.pid))\n"
        "time.sleep(600)\n"
    )
    (source / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
    (source / "backend.py").write_text("exec(open('setup.py').read())\n")
    return source


def local_plan(python: str, *, folder: Path, wheels: Path, requirements: Optional[tuple] = None) -> BackendPlan:
    """A plan whose packages come from a folder, and which takes no space to speak of."""
    plan = make_plan(python, folder=folder, pip_options=f'--no-index --find-links "{wheels.as_posix()}"')
    plan = replace(plan, download_bytes=0, disk_bytes=0)
    return plan if requirements is None else replace(plan, requirements=requirements)


def clean_pip(monkeypatch) -> None:
    """No setting of this computer's own pip."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
