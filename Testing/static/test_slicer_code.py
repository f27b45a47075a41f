"""No code that Slicer loads has what PythonQt or Slicer 5.6 refuses; and each rule finds its bad example."""

from __future__ import annotations

import pytest

from Testing.data import REPOSITORY
from Testing.static.slicer_code import check

PACKAGE = REPOSITORY / "SSLSegmentationLib"
WITH_QT = [*(PACKAGE / "gui").rglob("*.py"), *(REPOSITORY / "SSLSegmentation").glob("*.py")]
WITHOUT_QT = [*(PACKAGE / "contract").rglob("*.py"), *(PACKAGE / "imaging").rglob("*.py")]
# It hands the literals of all others to Slicer.
TRANSLATOR = (PACKAGE / "gui" / "texts.py", "translation")

BAD = [
    ("property-call", "self.line.text()"),
    ("property-call", "b = qt.QCheckBox()\nb.checked()"),
    ("property-call", "combo.currentIndex()"),
    ("property-call", "c = qt.QComboBox()\nc.count()"),
    ("property-call", "self.w = qt.QLabel('a')\nself.w.width()"),
    ("property-call", "self.spin.value()"),
    ("property-call", "qt.QLabel('a').text()"),
    ("property-call", "self.selector = slicer.qMRMLNodeComboBox()\nself.selector.currentNodeID()"),
    ("scoped-enum", "qt.QMessageBox.StandardButton.Yes"),
    ("scoped-enum", "qt.Qt.AlignmentFlag.AlignLeft"),
    ("keywords", "qt.QLabel(text='a')"),
    ("keywords", "ctk.ctkCollapsibleButton(parent=w)"),
    ("keywords", "slicer.qMRMLNodeComboBox(parent=w)"),
    ("keywords", "qt.QMessageBox.question(None, 'a', 'b', buttons=3)"),
    ("exec", "dialog.exec()"),
    ("pyqtSignal", "changed = qt.pyqtSignal(str)"),
    ("pyqtSignal", "changed = qt.Signal(str)"),
    ("foreign-qt", "from PyQt6 import QtWidgets"),
    ("foreign-qt", "import PySide6.QtCore"),
    ("path", "edit.setCurrentPath(Path('a') / 'b')"),
    ("path", "def f(folder: Path):\n    edit.currentPath = folder"),
    ("path", "def f(folder: Path):\n    file = folder.resolve() / 'x'\n    label.setText(file)"),
    ("path", "def f(icon: Path):\n    qt.QIcon(icon.parent)"),
    ("match", "match x:\n    case 1:\n        pass"),
    ("union", "def f(x: int | None): ..."),
    ("union", "from __future__ import annotations\nisinstance(x, int | str)"),
    ("union", "from __future__ import annotations\nMaybe = Thing | None"),
    ("slicer-util", "slicer.util.executePythonModule('pip', [])"),
    ("slicer-util", "from slicer.util import LazyImport"),
    ("translation", "_(f'Volume {name}')"),
    ("translation", "_('Volume {}'.format(name))"),
    ("translation", "_('Volume ' + name)"),
    ("translation", "translate('Context', f'{x}')"),
    ("translation", "_(measure.title)"),
    ("translation", "_(name.replace('_', ' '))"),
]
GOOD = [
    "b = qt.QCheckBox()\nb.isChecked()\nb.checked",
    "item.text()",
    "table.item(0, 0).text()",
    "i = qt.QTableWidgetItem('a')\ni.text()",
    "layout = qt.QVBoxLayout()\nlayout.count()",
    "self.settings.value('key')",
    "image = qt.QImage(8, 8, qt.QImage.Format_RGB32)\nimage.width()",
    "qt.Qt.AlignLeft | qt.Qt.AlignTop",
    "slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter",
    "dialog.exec_()",
    "def f(folder: Path):\n    edit.setCurrentPath(str(folder / 'a'))",
    "from __future__ import annotations\ndef f(x: int | None) -> str | None: ...",
    "flags = a | b",
    "_('Volume {name}').format(name=name)",
    "_('A long text '\n  'on two lines.')",
    "slicer.util.addVolumeFromArray(a, ijkToRAS=m)",
    "box(text='a')",
]


@pytest.mark.parametrize(("rule", "source"), BAD)
def test_each_rule_finds_its_bad_example(rule: str, source: str) -> None:
    assert [finding.rule for finding in check(source, qt=True)] == [rule]


@pytest.mark.parametrize("source", GOOD)
def test_good_code_passes(source: str) -> None:
    assert check(source, qt=True) == []


@pytest.mark.parametrize("rule", ["property-call", "scoped-enum", "keywords", "exec", "path"])
def test_rules_about_qt_leave_other_code_alone(rule: str) -> None:
    assert all(check(source, qt=False) == [] for found, source in BAD if found == rule)


def test_code_that_slicer_loads_is_sound() -> None:
    findings = [
        f"{path.relative_to(REPOSITORY)}:{finding.line}: {finding.rule}: {finding.text}"
        for paths, qt in ((WITH_QT, True), (WITHOUT_QT, False))
        for path in sorted(paths)
        for finding in check(path.read_text(encoding="utf-8"), qt=qt)
        if (path, finding.rule) != TRANSLATOR
    ]
    assert not findings, "\n".join(findings)


def test_the_guard_reads_the_slicer_module() -> None:
    assert len(WITH_QT) > 5 and len(WITHOUT_QT) > 50
