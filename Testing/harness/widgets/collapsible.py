"""ctkCollapsibleButton and ctkCollapsibleGroupBox: a header that folds the content away."""

from __future__ import annotations

from PyQt6 import QtCore, QtGui, QtWidgets

from Testing.harness.signals import native

_HEADER = 24
_UNLIMITED = 16777215


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A button whose content lies below its header. `checked` says whether the content is shown."""

    _stands_for_cpp = True
    contentsCollapsed = QtCore.pyqtSignal(bool)

    def __init__(self, *args: object) -> None:
        text = args[0] if args and isinstance(args[0], str) else ""
        parent = args[-1] if args and isinstance(args[-1], QtWidgets.QWidget) else None
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setContentsMargins(0, _HEADER, 0, 0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self._flat = False
        self._collapsed_height = 0
        native(self, "toggled").connect(self._fold)

    def _fold(self, shown: bool) -> None:
        self.setMaximumHeight(_UNLIMITED if shown else _HEADER + self._collapsed_height)
        self.updateGeometry()
        self.contentsCollapsed.emit(not shown)

    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def setCollapsedHeight(self, height: int) -> None:
        self._collapsed_height = height
        if self.collapsed:
            self.setMaximumHeight(_HEADER + height)

    def setFlat(self, flat: bool) -> None:
        self._flat = flat
        self.update()

    collapsed = QtCore.pyqtProperty(bool, lambda self: not self.isChecked(), setCollapsed)
    collapsedHeight = QtCore.pyqtProperty(int, lambda self: self._collapsed_height, setCollapsedHeight)
    flat = QtCore.pyqtProperty(bool, lambda self: self._flat, setFlat)

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return bool(position.y() < _HEADER)

    def minimumSizeHint(self) -> QtCore.QSize:
        hint = QtWidgets.QWidget.minimumSizeHint(self)
        return QtCore.QSize(max(hint.width(), 60), max(hint.height(), _HEADER))

    def sizeHint(self) -> QtCore.QSize:
        hint = QtWidgets.QWidget.sizeHint(self)
        return QtCore.QSize(max(hint.width(), 60), max(hint.height(), _HEADER))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width, _HEADER)
        self._style().drawControl(QtWidgets.QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(8, 8, 9, 9)
        primitive = QtWidgets.QStyle.PrimitiveElement
        shape = primitive.PE_IndicatorArrowDown if self.isChecked() else primitive.PE_IndicatorArrowRight
        self._style().drawPrimitive(shape, arrow, painter, self)
        painter.drawText(QtCore.QRect(24, 0, self.width - 30, _HEADER), QtCore.Qt.AlignmentFlag.AlignVCenter, self.text)
        if not self._flat and self.height > _HEADER:
            painter.setPen(self.palette.color(QtGui.QPalette.ColorRole.Mid))
            painter.drawRect(0, _HEADER, self.width - 1, self.height - _HEADER - 1)
        painter.end()

    def _style(self) -> QtWidgets.QStyle:
        return self.style()


class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose check mark folds its content."""

    _stands_for_cpp = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.setCheckable(True)
        self.setChecked(True)
        self._collapsed_height = 0
        native(self, "toggled").connect(self._fold)

    def _fold(self, shown: bool) -> None:
        self.setMaximumHeight(_UNLIMITED if shown else _HEADER + self._collapsed_height)
        self.updateGeometry()

    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def setCollapsedHeight(self, height: int) -> None:
        self._collapsed_height = height
        if self.collapsed:
            self.setMaximumHeight(_HEADER + height)

    collapsed = QtCore.pyqtProperty(bool, lambda self: not self.isChecked(), setCollapsed)
    collapsedHeight = QtCore.pyqtProperty(int, lambda self: self._collapsed_height, setCollapsedHeight)
