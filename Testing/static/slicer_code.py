"""Finds in source text what would fail inside Slicer but not here: PythonQt's traps, names that Slicer 5.6 does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from Testing.static.qt_facts import (
    ALWAYS_PROPERTIES,
    NO_OBJECT_NAMES,
    PROPERTIES,
    SLICER_UTIL_5_6,
    TEXT_PROPERTIES,
    TEXT_SETTERS,
    WITHOUT_PROPERTIES,
)

_PYQT = ("PyQt", "PySide", "sip")
_DECLARED = {"pyqtSignal", "pyqtSlot", "pyqtProperty"}
_TYPES = {"int", "str", "float", "bool", "bytes", "list", "dict", "tuple", "set", "type", "object"}
_PATH_METHODS = {"resolve", "absolute", "expanduser", "with_suffix", "with_name"}
_TRANSLATE = {"_", "tr", "translate"}


@dataclass(frozen=True)
class Finding:
    line: int
    rule: str
    text: str


def check(source: str, *, qt: bool) -> list[Finding]:
    """All findings in a file's text; the rules about Qt only where `qt` is true."""
    tree = ast.parse(source)
    rules = [_new_syntax, _foreign_qt, _translations, _slicer_util]
    if qt:
        classes = _classes_of_names(tree)
        rules += [lambda node: _property_call(node, classes), _scoped_enum, _keywords, _exec, _paths(tree)]
    found = [Finding(node.lineno, rule, text) for node in ast.walk(tree) for each in rules for rule, text in each(node)]
    return sorted({*found, *_unions(tree)}, key=lambda finding: (finding.line, finding.rule))


def dotted(node: ast.AST) -> str:
    """`qt.QLabel` of a chain of names, or ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def _qt_class(node: ast.AST) -> str:
    """The class of a call `qt.QLabel(…)`, `ctk.ctkX(…)`, `slicer.qMRMLX(…)`, or ""."""
    name = dotted(node.func) if isinstance(node, ast.Call) else ""
    parts = name.split(".")
    return parts[1] if len(parts) == 2 and parts[0] in ("qt", "ctk", "slicer") and parts[1].startswith(("Q", "ctk", "q")) else ""


def _classes_of_names(tree: ast.AST) -> dict[str, str]:
    """Which Qt class a name or `self.name` was assigned in the file; names with two classes are left out."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and _qt_class(node.value):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                name = dotted(target)
                found[name] = _qt_class(node.value) if found.get(name, _qt_class(node.value)) == _qt_class(node.value) else "?"
    return {name: cls for name, cls in found.items() if name and cls != "?"}


def _property_call(node: ast.AST, classes: dict[str, str]) -> Iterator[tuple[str, str]]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)) or node.args or node.keywords:
        return
    name, receiver = node.func.attr, node.func.value
    cls = classes.get(dotted(receiver)) or _qt_class(receiver)
    if cls in WITHOUT_PROPERTIES:
        return
    if cls in PROPERTIES:
        wrong = name in PROPERTIES[cls]
    else:
        last = (dotted(receiver) or dotted(getattr(receiver, "func", receiver))).split(".")[-1].lower()
        wrong = name in ALWAYS_PROPERTIES and bool(last) and not any(word in last for word in NO_OBJECT_NAMES)
    if wrong:
        yield "property-call", f"'{name}' is a property: read it without parentheses"


def _scoped_enum(node: ast.AST) -> Iterator[tuple[str, str]]:
    parts = dotted(node).split(".") if isinstance(node, ast.Attribute) else []
    if (
        len(parts) == 4
        and parts[0] in ("qt", "ctk", "slicer")
        and all(part[0].isupper() or part.startswith("ctk") for part in parts[1:])
    ):
        yield "scoped-enum", f"write {'.'.join((*parts[:2], parts[3]))}"


def _keywords(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call) and node.keywords:
        name = dotted(node.func)
        if name.startswith(("qt.", "ctk.", "slicer.qMRML", "slicer.qSlicer")):
            yield "keywords", f"{name} takes no keyword arguments"


def _exec(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "exec":
        yield "exec", "write exec_()"


def _foreign_qt(node: ast.AST) -> Iterator[tuple[str, str]]:
    modules = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    for module in modules:
        if module.split(".")[0].startswith(_PYQT):
            yield "foreign-qt", f"{module} is not in Slicer: import qt"
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name in _DECLARED or dotted(node) in ("qt.Signal", "qt.Slot", "qt.Property"):
        yield "pyqtSignal", "signals are not declared in Python: keep a list of callbacks"


def _translations(node: ast.AST) -> Iterator[tuple[str, str]]:
    if not (isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in _TRANSLATE):
        return
    if not all(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in node.args):
        yield "translation", "translate a literal and format the result"


def _slicer_util(node: ast.AST) -> Iterator[tuple[str, str]]:
    names = []
    if isinstance(node, ast.Attribute) and dotted(node.value) == "slicer.util":
        names = [node.attr]
    elif isinstance(node, ast.ImportFrom) and node.module == "slicer.util":
        names = [alias.name for alias in node.names]
    for name in names:
        if name not in SLICER_UTIL_5_6:
            yield "slicer-util", f"slicer.util.{name} is not in Slicer 5.6"


def _new_syntax(node: ast.AST) -> Iterator[tuple[str, str]]:
    if type(node).__name__ == "Match":
        yield "match", "Python 3.9 has no match statement"


def _unions(tree: ast.Module) -> Iterator[Finding]:
    """`X | None` where Python evaluates it: outside annotations, and in them without the future import."""
    deferred = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    annotations = [inner for node in ast.walk(tree) for kept in _annotations(node) for inner in ast.walk(kept)]
    unions = {id(node) for node in annotations if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
            continue
        if not deferred if id(node) in unions else _of_types(node):
            yield Finding(node.lineno, "union", "Python 3.9 cannot evaluate X | Y for types: write Optional or Union")


def _annotations(node: ast.AST) -> list[ast.AST]:
    parts = [getattr(node, "returns", None)] if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    if isinstance(node, (ast.AnnAssign, ast.arg)):
        parts.append(node.annotation)
    return [part for part in parts if part is not None]


def _of_types(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    return bool(names & _TYPES) or any(isinstance(side, ast.Constant) and side.value is None for side in sides)


class _paths:  # noqa: N801  # a rule, like the functions
    """Paths that are handed to Qt where a string is wanted, as far as one function shows it."""

    def __init__(self, tree: ast.AST) -> None:
        self._known: dict[int, set[str]] = {}
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names = {arg.arg for arg in function.args.args + function.args.kwonlyargs if _is_path_type(arg.annotation)}
                for node in ast.walk(function):
                    if isinstance(node, ast.Assign) and self._is_path(node.value, names):
                        names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
                for node in ast.walk(function):
                    self._known[id(node)] = names

    def _is_path(self, node: ast.AST, names: set[str]) -> bool:
        if isinstance(node, ast.Name):
            return node.id in names
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._is_path(node.left, names)
        if isinstance(node, ast.Attribute):
            return node.attr == "parent" and self._is_path(node.value, names)
        if isinstance(node, ast.Call):
            if dotted(node.func) in ("Path", "pathlib.Path", "Path.home", "Path.cwd"):
                return True
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            return method in ("resolve", "absolute", "expanduser", "with_suffix", "with_name") and self._is_path(
                node.func.value, names
            )
        return False

    def __call__(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        names = self._known.get(id(node), set())
        handed: list[ast.AST] = []
        if isinstance(node, ast.Call):
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if method in TEXT_SETTERS or dotted(node.func).startswith(("qt.", "ctk.")):
                handed = list(node.args)
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Attribute) and t.attr in TEXT_PROPERTIES for t in node.targets
        ):
            handed = [node.value]
        if any(self._is_path(value, names) for value in handed):
            yield "path", "Qt takes strings: str(path)"


def _is_path_type(annotation: ast.AST | None) -> bool:
    return annotation is not None and dotted(annotation) in ("Path", "pathlib.Path")
