"""Writes the CMake files that name every file of the extension, as Slicer's build wants it.

python scripts/write_cmake_lists.py
"""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MODULE, LIBRARY = "SSLSegmentation", "SSLSegmentationLib"
HEAD = "# Written by scripts/write_cmake_lists.py: run it when a file was added, moved or removed.\n"
# What tools leave in the tree.
LITTER = ("__pycache__", ".DS_Store")

MODULE_TEXT = """\
{head}slicerMacroBuildScriptedModule(
  NAME {name}
  SCRIPTS
{scripts}
  RESOURCES
{resources}
  WITH_GENERIC_TESTS
  )

if(BUILD_TESTING)
  slicer_add_python_unittest(SCRIPT {name}.py)
endif()
"""

# WITH_SUBDIR keeps the folder: the scan for modules does not look into it.
LIBRARY_TEXT = """\
{head}slicerMacroBuildScriptedModule(
  NAME {name}
  SCRIPTS
{scripts}{resources}
  WITH_SUBDIR
  )
"""


def files(folder: Path) -> tuple[list[str], list[str]]:
    """The scripts and the other files below `folder`, relative to it, in order."""
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not any(part in LITTER for part in path.parts) and path.name != "CMakeLists.txt"
    )
    return [name for name in found if name.endswith(".py")], [name for name in found if not name.endswith(".py")]


def _lines(names: list[str]) -> str:
    return "\n".join(f"    {name}" for name in names)


def texts() -> dict[Path, str]:
    """The content of each file that this script writes."""
    scripts, resources = files(REPOSITORY / MODULE)
    module = MODULE_TEXT.format(head=HEAD, name=MODULE, scripts=_lines(scripts), resources=_lines(resources))
    scripts, resources = files(REPOSITORY / LIBRARY)
    listed = f"\n  RESOURCES\n{_lines(resources)}" if resources else ""
    library = LIBRARY_TEXT.format(head=HEAD, name=LIBRARY, scripts=_lines(scripts), resources=listed)
    return {REPOSITORY / MODULE / "CMakeLists.txt": module, REPOSITORY / LIBRARY / "CMakeLists.txt": library}


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8", newline="\n")
