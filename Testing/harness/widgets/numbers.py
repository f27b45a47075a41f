"""ctkDoubleSpinBox, ctkSliderWidget, ctkRangeWidget: numbers with bounds and units."""

from __future__ import annotations

from PyQt6 import QtCore, QtWidgets

from Testing.harness.signals import native

_STEPS = 10_000


class ctkDoubleSpinBox(QtWidgets.QDoubleSpinBox):
    _stands_for_cpp = True


class _Bounded(QtWidgets.QWidget):
    """What the widgets with a slider share: bounds, steps, units."""

    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._tracking = True
        self._page_step = 10.0
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, self)
        self._slider.setRange(0, _STEPS)
        self._spins = [QtWidgets.QDoubleSpinBox(self)]

    def setMinimum(self, value: float) -> None:
        for spin in self._spins:
            spin.setMinimum(value)
        self._show_slider()

    def setMaximum(self, value: float) -> None:
        for spin in self._spins:
            spin.setMaximum(value)
        self._show_slider()

    def setRange(self, low: float, high: float) -> None:
        self.setMinimum(low)
        self.setMaximum(high)

    def setSingleStep(self, step: float) -> None:
        for spin in self._spins:
            spin.setSingleStep(step)

    def setPageStep(self, step: float) -> None:
        self._page_step = step

    def setDecimals(self, decimals: int) -> None:
        for spin in self._spins:
            spin.setDecimals(decimals)

    def setSuffix(self, suffix: str) -> None:
        for spin in self._spins:
            spin.setSuffix(suffix)

    def setPrefix(self, prefix: str) -> None:
        for spin in self._spins:
            spin.setPrefix(prefix)

    def setTracking(self, tracking: bool) -> None:
        self._tracking = tracking

    def _share(self, value: float) -> int:
        low, high = self._spins[0].minimum, self._spins[0].maximum
        return round((value - low) / (high - low) * _STEPS) if high > low else 0

    def _value_at(self, share: int) -> float:
        low, high = self._spins[0].minimum, self._spins[0].maximum
        return float(low + (high - low) * share / _STEPS)

    def _show_slider(self) -> None:
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(self._share(self._spins[0].value))
        self._slider.blockSignals(blocked)

    minimum = QtCore.pyqtProperty(float, lambda self: self._spins[0].minimum, setMinimum)
    maximum = QtCore.pyqtProperty(float, lambda self: self._spins[0].maximum, setMaximum)
    singleStep = QtCore.pyqtProperty(float, lambda self: self._spins[0].singleStep, setSingleStep)
    pageStep = QtCore.pyqtProperty(float, lambda self: self._page_step, setPageStep)
    decimals = QtCore.pyqtProperty(int, lambda self: self._spins[0].decimals, setDecimals)
    suffix = QtCore.pyqtProperty(str, lambda self: self._spins[0].suffix, setSuffix)
    prefix = QtCore.pyqtProperty(str, lambda self: self._spins[0].prefix, setPrefix)
    tracking = QtCore.pyqtProperty(bool, lambda self: self._tracking, setTracking)


class ctkSliderWidget(_Bounded):
    """A slider with a spin box."""

    _stands_for_cpp = True
    valueChanged = QtCore.pyqtSignal(float)
    valueIsChanging = QtCore.pyqtSignal(float)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._row.addWidget(self._slider, 1)
        self._row.addWidget(self._spins[0])
        native(self._spins[0], "valueChanged").connect(self._spun)
        native(self._slider, "valueChanged").connect(self._slid)

    def _spun(self, value: float) -> None:
        self._show_slider()
        self.valueChanged.emit(value)

    def _slid(self, share: int) -> None:
        self.setValue(self._value_at(share))

    def setValue(self, value: float) -> None:
        self._spins[0].setValue(value)

    def setSpinBoxVisible(self, shown: bool) -> None:
        self._spins[0].setVisible(shown)

    value = QtCore.pyqtProperty(float, lambda self: self._spins[0].value, setValue)
    spinBoxVisible = QtCore.pyqtProperty(bool, lambda self: not self._spins[0].isHidden(), setSpinBoxVisible)


class ctkRangeWidget(_Bounded):
    """Two spin boxes: the lower and the upper value."""

    _stands_for_cpp = True
    valuesChanged = QtCore.pyqtSignal(float, float)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._spins.append(QtWidgets.QDoubleSpinBox(self))
        self._spins[1].setValue(self._spins[1].maximum)
        self._row.addWidget(self._spins[0])
        self._row.addWidget(self._slider, 1)
        self._row.addWidget(self._spins[1])
        self._slider.setEnabled(False)
        for spin in self._spins:
            native(spin, "valueChanged").connect(self._spun)

    def _spun(self, _value: float) -> None:
        self._show_slider()
        self.valuesChanged.emit(self._spins[0].value, self._spins[1].value)

    def setMinimumValue(self, value: float) -> None:
        self._spins[0].setValue(min(value, self._spins[1].value))

    def setMaximumValue(self, value: float) -> None:
        self._spins[1].setValue(max(value, self._spins[0].value))

    def setValues(self, low: float, high: float) -> None:
        self._spins[1].setValue(high)
        self._spins[0].setValue(low)

    minimumValue = QtCore.pyqtProperty(float, lambda self: self._spins[0].value, setMinimumValue)
    maximumValue = QtCore.pyqtProperty(float, lambda self: self._spins[1].value, setMaximumValue)
