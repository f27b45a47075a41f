"""The code of a documentation page, and what a script needs to run it."""

from __future__ import annotations

import re
from pathlib import Path


def code_blocks(page: Path) -> list[tuple[int, str]]:
    """The Python blocks of a Markdown page, each with the number of its first line."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"```python\n(.*?)```", text, re.S)
    return [(text.count("\n", 0, block.start(1)) + 1, block.group(1)) for block in found]
