"""The module's panels in Slicer: one under the other, each built when it is opened for the first time."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any, Dict

import ctk
import qt
import slicer

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels import PANELS
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.panels.titles import panel_titles
from SSLSegmentationLib.gui.scene.observing import LAST, Observers
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.messages import show_error

TICK_MILLISECONDS = 30
NOTICEABLE_SECONDS = 0.005
OPEN_PANELS = "openPanels"
FIRST_OPEN = ("backend", "scans", "apply")
# What the panels are made of, in the order in which it is read; each takes less than a tenth of a second.
SHARED_MODULES = (
    "contract.config",
    "contract.client",
    "imaging.scan",
    "imaging.readers",
    "imaging.preprocess",
    "imaging.dataset",
    "imaging.masks",
    "imaging.corruption",
    "imaging.familiarity",
    "imaging.writers",
    "gui.scene.segmentations",
    "gui.scene.display",
    "gui.training",
)


class ModuleWidget:
    """Owns the session, the timer and the panels."""

    def __init__(self, layout: Any) -> None:
        settings = Settings(slicer.app.userSettings())
        self.session = Session(settings=settings, store=ParameterStore.of_module(settings))
        self.session.listeners.append(self._state_changed)
        self.panels: Dict[str, Panel[Any]] = {}
        self._connections = Connections()
        self._observers = Observers()
        self._sections: Dict[str, Any] = {}
        for name, (title, tooltip) in panel_titles().items():
            section = ctk.ctkCollapsibleButton()
            section.text = title
            section.setToolTip(tooltip)
            section.setObjectName(f"{name}Section")
            qt.QVBoxLayout(section).setContentsMargins(2, 2, 2, 2)
            section.collapsed = True
            layout.addWidget(section)
            self._sections[name] = section
            self._connections.add(section, "contentsCollapsed(bool)", self._opener(name))
        layout.addStretch(1)
        self._timer = qt.QTimer()
        self._timer.setInterval(TICK_MILLISECONDS)
        self._connections.add(self._timer, "timeout()", self.session.tick)
        self._timer.start()
        self._follow(slicer.mrmlScene)
        self.opening = self.session.run(self._opening(), on_error=show_error, outlives_scene=True)

    def panel(self, name: str) -> Panel[Any]:
        """A panel, built on its first use."""
        if name not in self.panels:
            module, view = PANELS[name].split(":")
            made: Panel[Any] = getattr(import_module(f"SSLSegmentationLib.gui.panels.{module}"), view)(self.session)
            self._sections[name].layout().addWidget(made.widget)
            self.panels[name] = made
        return self.panels[name]

    def show_only(self, name: str) -> Panel[Any]:
        """Unfolds a panel and folds the others; gives it."""
        for key, section in self._sections.items():
            section.collapsed = key != name
        return self.panel(name)

    def enter(self) -> None:
        """The module comes into view."""
        for panel in self.panels.values():
            panel.enter()

    def exit(self) -> None:
        """Another module comes into view; what runs goes on."""
        for panel in self.panels.values():
            panel.exit()

    def cleanup(self) -> None:
        """The module is reloaded or Slicer quits: nothing of it stays but detached runs."""
        self._timer.stop()
        self._observers.remove_all()
        self._connections.close()
        for panel in self.panels.values():
            panel.cleanup()
        self.session.close()
        self.panels.clear()
        self._sections.clear()

    def _follow(self, scene: Any) -> None:
        self._observers.add(scene, scene.StartCloseEvent, self._scene_closing)
        self._observers.add(scene, scene.StartImportEvent, self._pause)
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            # The node selectors take in a closed or loaded scene at this event too: what was chosen is shown after that.
            self._observers.add(scene, event, self._scene_changed, priority=LAST)

    def _opening(self) -> Steps[None]:
        """Opens the panels that were open last time, and reads the code of the others: one at a time, to block nothing."""
        wanted = self.session.settings.get(OPEN_PANELS, list(FIRST_OPEN))
        for module in SHARED_MODULES:
            yield _read(module)
        for name in sorted(PANELS, key=lambda name: name not in wanted):
            view = PANELS[name].partition(":")[0]
            for part in (view.replace("view", "state"), view.replace("view", "logic"), view):
                yield _read(f"gui.panels.{part}")
            if name in wanted:
                self._sections[name].collapsed = False
                yield Progress(_("Opening …"), waits=True)

    def _opener(self, name: str) -> Any:
        def opened(collapsed: bool) -> None:
            if not collapsed:
                self.panel(name).enter()
            opened_now = [key for key, section in self._sections.items() if not section.collapsed]
            self.session.settings.set(OPEN_PANELS, opened_now)

        return opened

    def _state_changed(self, name: str, show: bool) -> None:
        """Another panel has changed what the panel `name` remembers."""
        if show and name in self._sections:
            self._sections[name].collapsed = False
        if name in self.panels:
            self.panels[name].enter()

    def _scene_closing(self) -> None:
        self.session.scene_closing()
        for panel in self.panels.values():
            panel.scene_closing()
        self._pause()

    def _pause(self) -> None:
        for panel in self.panels.values():
            panel.connections.pause()

    def _scene_changed(self) -> None:
        for panel in self.panels.values():
            panel.connections.resume()
        for panel in self.panels.values():
            panel.enter()


def _read(module: str) -> Progress:
    """Imports a module; where that took long, the windows get their turn before the next one."""
    began = time.perf_counter()
    import_module(f"SSLSegmentationLib.{module}")
    return Progress(_("Opening …"), waits=time.perf_counter() - began > NOTICEABLE_SECONDS)
