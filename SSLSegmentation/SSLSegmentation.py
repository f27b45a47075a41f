"""The Slicer module SSLSegmentation: a thin shell around SSLSegmentationLib.gui."""

import importlib
import logging
import sys
import unittest
from pathlib import Path

import slicer
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

try:
    import SSLSegmentationLib
except ImportError:
    # A developer's checkout: the package lies beside the module's folder.
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    import SSLSegmentationLib

from SSLSegmentationLib.gui.texts import _

HOMEPAGE = "https://github.com/SSLSegmentation/SlicerSSLSegmentation"


class SSLSegmentation(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("SSL Segmentation")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = []
        parent.contributors = ["SSLSegmentation contributors"]
        parent.helpText = _(
            "Learns from your own scans, most of them without labels, to segment tissues and to measure them: "
            "from a folder of scans to a table of biomarkers, on this computer. Go through the panels from top to bottom. "
            "Research use only, not for diagnosis."
        )
        parent.helpText += f' <a href="{HOMEPAGE}">{_("Documentation")}</a>'
        parent.acknowledgementText = _(
            "Implements published methods of self-supervised pretraining; the model card of each model names what to cite."
        )
        slicer.app.connect("startupCompleted()", register_with_slicer)


def register_with_slicer():
    """What has to wait until Slicer is up: sample data and the names of tissues that Slicer's own lists lack."""
    from SSLSegmentationLib.gui import registration

    registration.register(Path(__file__).parent / "Resources")


class SSLSegmentationWidget(ScriptedLoadableModuleWidget):
    """Hands Slicer's calls on to the panels."""

    def __init__(self, parent=None):
        # Without a parent the base class calls `setup` as well.
        self.panels = None
        ScriptedLoadableModuleWidget.__init__(self, parent)

    @property
    def logic(self):
        """What `slicer.util.getModuleLogic` gives."""
        return SSLSegmentationLogic()

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from SSLSegmentationLib.gui.module_widget import ModuleWidget

        self.panels = ModuleWidget(self.layout)

    def enter(self):
        if self.panels is not None:
            self.panels.enter()

    def exit(self):
        if self.panels is not None:
            self.panels.exit()

    def cleanup(self):
        if self.panels is not None:
            self.panels.cleanup()
            self.panels = None

    def onReload(self):
        """Slicer reloads this file only: the package's modules go too, so that they are read anew."""
        self.cleanup()
        console = sys.modules.get("SSLSegmentationLib.gui.default_session")
        if console is not None:
            console.close_default_session()
        for name in [name for name in sys.modules if name.startswith("SSLSegmentationLib")]:
            del sys.modules[name]
        importlib.import_module("SSLSegmentationLib")
        ScriptedLoadableModuleWidget.onReload(self)


class SSLSegmentationLogic(ScriptedLoadableModuleLogic):
    """The verbs for the Python console: the same as `SSLSegmentationLib.gui.api`."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        from SSLSegmentationLib.gui import api

        self.version = SSLSegmentationLib.__version__
        for verb in api.VERBS:
            setattr(self, verb, getattr(api, verb))


class SSLSegmentationTest(ScriptedLoadableModuleTest):
    """The stories, run inside a real Slicer by 'Reload and Test'."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        from SSLSegmentationLib.gui import selftest

        for story in selftest.STORIES:
            self.setUp()
            self.delayDisplay(story.__doc__)
            try:
                story()
            except unittest.SkipTest as reason:
                logging.warning("Left out: %s %s", story.__doc__, reason)
                self.delayDisplay(f"Left out. {reason}")
