"""Texts as they are: the tests run without translations. `getContext` is as in Slicer 5.6."""

from __future__ import annotations

from pathlib import Path as _Path


def tr(text: str) -> str:
    return text


def translate(context: str, text: str) -> str:
    return text


def getContext(sourceFile: str) -> str:
    """ "package.file" of a file that lies in a package, else "file"."""
    path = _Path(sourceFile)
    return f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").is_file() else path.stem
