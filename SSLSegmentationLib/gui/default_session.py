"""The session of the console verbs: that of the open module, else one of their own, made on demand and closed at exit."""

from __future__ import annotations

import atexit
from typing import Any, List, Optional

import slicer

from SSLSegmentationLib.gui.scene.lookup import ensure_scene
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.settings_file import SettingsFile, settings_path

TICK_MILLISECONDS = 30

_own: List[Session] = []
_timers: List[Any] = []


def default_session() -> Session:
    """The module's session where its panels are open, so that both see the same runs; else one that scripts share."""
    return _of_panels() or _of_scripts()


def close_default_session() -> None:
    """Ends the scripts' session with its workers; detached runs go on. The next verb makes a new one."""
    while _timers:
        _timers.pop().stop()
    while _own:
        _own.pop().close()


def _of_panels() -> Optional[Session]:
    widget = getattr(getattr(slicer, "modules", None), "SSLSegmentationWidget", None)
    panels = getattr(widget, "panels", None)
    session = getattr(panels, "session", None)
    return session if isinstance(session, Session) else None


def _of_scripts() -> Session:
    if not _own:
        ensure_scene()
        settings = _settings()
        session = Session(settings=settings, store=ParameterStore.of_module(settings))
        _own.append(session)
        _start_timer(session)
        _close_at_exit()
    return _own[0]


def _settings() -> Settings:
    application = getattr(slicer, "app", None)
    return Settings(SettingsFile(settings_path()) if application is None else application.userSettings())


def _start_timer(session: Session) -> None:
    """Carries on with operations while the application waits for the person; a script without one steps them itself."""
    if getattr(slicer, "app", None) is None:
        return
    import qt

    timer = qt.QTimer()
    timer.setInterval(TICK_MILLISECONDS)
    timer.connect("timeout()", session.tick)
    timer.start()
    _timers.append(timer)


def _close_at_exit() -> None:
    atexit.unregister(close_default_session)
    atexit.register(close_default_session)
    application = getattr(slicer, "app", None)
    if application is not None:
        application.connect("aboutToQuit()", close_default_session)
