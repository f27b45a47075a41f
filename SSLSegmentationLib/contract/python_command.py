"""The first words of every command line that another Python runs: isolated, and on the processor's own instructions."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import List, Tuple

from SSLSegmentationLib.contract.files import PathLike

ARCH = "/usr/bin/arch"
SYSCTL = "/usr/sbin/sysctl"
_SYSCTL_SECONDS = 2.0


def python_command(python: PathLike) -> List[str]:
    """How `python` is started: without its user's settings, in UTF-8; options and a script follow."""
    # Slicer's own launcher gives its Python its paths by variables, to which -I would make it deaf.
    isolated = [] if Path(python).stem.lower() == "pythonslicer" else ["-I"]
    # -X utf8, since -I makes Python deaf to PYTHONUTF8.
    return [*native_prefix(), os.fspath(python), *isolated, "-X", "utf8"]


@functools.lru_cache(maxsize=1)
def native_prefix() -> Tuple[str, ...]:
    """What makes macOS start the arm64 half of a program that has one; nothing where that is the default.

    Slicer up to 5.12 is an Intel program, which a Mac with an Apple processor translates; whatever it starts would be
    translated as well, and for Intel there is no new torch. A program of one half runs as that.
    """
    if (sys.platform, platform.machine()) != ("darwin", "x86_64"):
        return ()
    try:
        asked = subprocess.run(
            [SYSCTL, "-n", "hw.optional.arm64"], capture_output=True, text=True, timeout=_SYSCTL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return (ARCH, "-arm64", "-x86_64") if asked.stdout.strip() == "1" else ()
