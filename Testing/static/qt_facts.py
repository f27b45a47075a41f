"""What the static guard knows of PythonQt and of Slicer 5.6: names of properties by class, functions of `slicer.util`."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WIDGET = """enabled visible width height x y pos size geometry rect font palette cursor sizePolicy minimumWidth minimumHeight
maximumWidth maximumHeight sizeHint minimumSizeHint toolTip statusTip windowTitle styleSheet locale focus modal acceptDrops
objectName"""
_BUTTON = f"{_WIDGET} text icon iconSize checkable checked shortcut down autoExclusive"
_NUMBER = f"{_WIDGET} value minimum maximum singleStep prefix suffix decimals cleanText specialValueText"
_TABLE = f"{_WIDGET} sortingEnabled showGrid selectionMode selectionBehavior editTriggers alternatingRowColors"
_COMBO = f"{_WIDGET} count currentIndex currentText currentData editable maxVisibleItems placeholderText"
_PATH = f"{_WIDGET} currentPath filters nameFilters settingKey showBrowseButton showHistoryButton label minimumContentsLength"
_NODE = f"{_WIDGET} nodeTypes noneEnabled addEnabled removeEnabled editEnabled renameEnabled showHidden currentNodeID baseName"

# Names that read a property: no parentheses. Classes that are not listed have at most those of a widget.
PROPERTIES = {
    name: _words(names)
    for name, names in {
        "QWidget": _WIDGET,
        "QPushButton": _BUTTON,
        "QToolButton": _BUTTON,
        "QCheckBox": _BUTTON,
        "QRadioButton": _BUTTON,
        "QLabel": f"{_WIDGET} text pixmap wordWrap alignment textFormat selectedText indent",
        "QLineEdit": f"{_WIDGET} text displayText placeholderText readOnly maxLength echoMode modified cursorPosition",
        "QComboBox": _COMBO,
        "QSpinBox": _NUMBER,
        "QDoubleSpinBox": _NUMBER,
        "QSlider": f"{_WIDGET} value minimum maximum singleStep orientation tracking",
        "QProgressBar": f"{_WIDGET} value minimum maximum text format textVisible",
        "QProgressDialog": f"{_WIDGET} value minimum maximum wasCanceled labelText autoClose minimumDuration",
        "QTableWidget": f"{_TABLE} rowCount columnCount",
        "QTableView": _TABLE,
        "QTreeWidget": f"{_TABLE} columnCount topLevelItemCount",
        "QListWidget": f"{_TABLE} count currentRow",
        "QTabWidget": f"{_WIDGET} currentIndex count",
        "QStackedWidget": f"{_WIDGET} currentIndex count",
        "QGroupBox": f"{_WIDGET} title checkable checked flat",
        "QTextEdit": f"{_WIDGET} plainText html readOnly placeholderText",
        "QPlainTextEdit": f"{_WIDGET} plainText readOnly placeholderText blockCount maximumBlockCount",
        "QMessageBox": f"{_WIDGET} text informativeText detailedText standardButtons icon",
        "QAction": "text checked enabled visible toolTip",
        "QTimer": "interval active remainingTime timerType",
        "QHBoxLayout": "spacing contentsMargins sizeConstraint",
        "QVBoxLayout": "spacing contentsMargins sizeConstraint",
        "QGridLayout": "spacing contentsMargins sizeConstraint",
        "QFormLayout": "spacing contentsMargins sizeConstraint labelAlignment rowWrapPolicy",
        "ctkCollapsibleButton": f"{_BUTTON} collapsed collapsedHeight flat",
        "ctkCollapsibleGroupBox": f"{_WIDGET} title collapsed collapsedHeight checked",
        "ctkPathLineEdit": _PATH,
        "ctkDirectoryButton": f"{_WIDGET} directory caption",
        "ctkSliderWidget": f"{_NUMBER} pageStep tracking spinBoxVisible",
        "ctkDoubleSpinBox": _NUMBER,
        "ctkRangeWidget": f"{_NUMBER} minimumValue maximumValue",
        "ctkComboBox": f"{_COMBO} defaultText forceDefault currentUserDataAsString",
        "ctkCheckableComboBox": _COMBO,
        "qMRMLNodeComboBox": _NODE,
    }.items()
}

# Value classes and others without properties: `item.text()` is right.
WITHOUT_PROPERTIES = _words(
    """QTableWidgetItem QTreeWidgetItem QListWidgetItem QStandardItem QProcess QSettings QFile QDir QFileInfo QThread
    QSize QSizeF QPoint QPointF QRect QRectF QColor QFont QImage QPixmap QIcon QUrl QByteArray QPainter QPen QBrush
    QDateTime QProcessEnvironment QEvent QModelIndex QFontMetrics"""
)

# Where the class is unknown: names that are a property wherever they occur without arguments.
ALWAYS_PROPERTIES = _words(
    """text checked currentText currentIndex currentData currentPath enabled visible value toolTip windowTitle plainText
    title placeholderText readOnly rowCount columnCount collapsed directory interval styleSheet objectName singleStep
    suffix prefix minimumValue maximumValue checkable"""
)
# Receivers of unknown class whose names say that they are items, events or values of Qt.
NO_OBJECT_NAMES = ("item", "cell", "index", "event", "colour", "color", "rect", "image", "pixmap", "settings", "cursor")

# Methods and properties that take a string.
TEXT_SETTERS = _words(
    """setText setCurrentPath setDirectory setToolTip setWindowTitle setPlainText appendPlainText setWorkingDirectory
    addItem setCurrentText setPlaceholderText setTitle setInformativeText setDetailedText fromLocalFile setSuffix
    setPrefix setStyleSheet setValue insertItem setHtml"""
)
TEXT_PROPERTIES = _words("text currentPath directory toolTip windowTitle plainText title placeholderText")

SLICER_UTIL_5_6 = _words(
    """array arrayFromVolume arrayFromVolumeModified updateVolumeFromArray addVolumeFromArray
    arrayFromSegmentBinaryLabelmap arrayFromSegmentInternalBinaryLabelmap updateSegmentBinaryLabelmapFromArray
    updateTableFromArray arrayFromTableColumn arrayFromTableColumnModified dataframeFromTable plot vtkMatrixFromArray
    arrayFromVTKMatrix updateVTKMatrixFromArray arrayFromTransformMatrix updateTransformMatrixFromArray messageBox
    errorDisplay infoDisplay warningDisplay confirmYesNoDisplay confirmOkCancelDisplay tryWithErrorDisplay
    delayDisplay createProgressDialog showStatusMessage settingsValue toBool pip_install pip_uninstall
    launchConsoleProcess logProcessOutput startupEnvironment loadVolume loadSegmentation loadLabelVolume loadTable
    loadNodeFromFile saveNode exportNode saveScene loadScene getNode getNodes getNodesByClass getModuleLogic
    getModuleWidget getModule modulePath selectModule loadUI childWidgetVariables findChild findChildren mainWindow
    reloadScriptedModule setSliceViewerLayers resetSliceViews tempDirectory computeChecksum downloadFile longPath restart exit
    NodeModify RenderBlocker WaitCursor MessageDialog VTKObservationMixin chdir"""
)
