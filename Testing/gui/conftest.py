"""The Slicer application for tests: only where slicer-core is installed, which is an environment of its own."""

from __future__ import annotations

import importlib.util
import os
import sys

if importlib.util.find_spec("slicer_core") is None:
    collect_ignore_glob = ["*"]
else:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from Testing.harness import install

    install()
    from Testing.harness.fixtures import *  # noqa: F403  # fixtures, listed in `__all__`

    assert "torch" not in sys.modules, "torch does not belong into Slicer's process"
    from Testing.gui.module import *  # noqa: F403  # fixtures, listed in `__all__`
    from Testing.gui.training_stories import *  # noqa: F403  # fixtures, listed in `__all__`
