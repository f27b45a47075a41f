"""The base classes of a scripted module, with what their counterparts in Slicer give to a module."""

from __future__ import annotations

import sys as _sys
import unittest as _unittest
from pathlib import Path as _Path
from typing import Any as _Any

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


def _resource(owner: object, name: str) -> str:
    folder = _Path(str(_sys.modules[type(owner).__module__].__file__)).resolve().parent
    return str(folder / "Resources" / name)


class ScriptedLoadableModule:
    """Describes the module; `parent` takes title, categories and the like."""

    def __init__(self, parent: _Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title = ""
        parent.categories = []
        parent.dependencies = []
        parent.contributors = []
        parent.helpText = ""
        parent.acknowledgementText = ""

    def resourcePath(self, name: str) -> str:
        return _resource(self, name)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        return ""

    def runTest(self, msec: int = 100, **keywords: _Any) -> None:
        module = _sys.modules[type(self).__module__]
        test = getattr(module, f"{self.moduleName}Test")()
        test.messageDelay = msec
        test.runTest(**keywords)


class ScriptedLoadableModuleWidget:
    """The module's panel. Without a parent it makes one of its own, sets itself up and shows it, as Slicer's does."""

    def __init__(self, parent: _Any = None) -> None:
        import qt
        import slicer

        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        if parent is None:
            self.parent = slicer.qMRMLWidget()
            self.parent.setLayout(qt.QVBoxLayout())
            self.parent.setMRMLScene(slicer.mrmlScene)
        else:
            self.parent = parent
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def _onModuleAboutToBeUnloaded(self, moduleName: str) -> None:
        import slicer

        if moduleName == self.moduleName:
            self.cleanup()
            slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def onReload(self) -> None:
        """What the button 'Reload' does."""
        import slicer

        slicer.util.reloadScriptedModule(self.moduleName)

    def resourcePath(self, name: str) -> str:
        return _resource(self, name)

    def setup(self) -> None:
        """Called once, when the module is opened for the first time."""

    def cleanup(self) -> None:
        """Called when the module is unloaded or the application ends."""

    def enter(self) -> None:
        """Called when the person switches to the module."""

    def exit(self) -> None:
        """Called when the person leaves the module."""


class ScriptedLoadableModuleLogic:
    def __init__(self, parent: _Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> _Any:
        """The module's parameter node: one of a scene, kept when the scene is closed."""
        import slicer

        if not self.isSingletonParameterNode:
            return self.createParameterNode()
        found = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        return found if found is not None else slicer.mrmlScene.AddNode(self.createParameterNode())

    def createParameterNode(self) -> _Any:
        import slicer

        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(_unittest.TestCase):
    def __init__(self, *args: _Any, **keywords: _Any) -> None:
        super().__init__(*args, **keywords)
        self.messageDelay = 0

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        import slicer

        slicer.util.delayDisplay(message, 0)

    def runTest(self) -> None:
        """A module's test calls its tests here."""
