"""What every panel is: a widget that is built once, follows the scene, and keeps its state with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Type, TypeVar

import qt

from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.form import Form

State = TypeVar("State")


class Panel(ABC, Generic[State]):
    """Subclasses set `name` and `state_type`, fill `form` in `build`, and write `state` to the controls in `show_state`.

    Slots change `state`, call `save`, and then `show_state`. A panel that runs something keeps it in the session, so that
    it goes on when another module is shown.
    """

    name = ""
    state_type: Type[State]

    def __init__(self, session: Session) -> None:
        self.session = session
        self.connections = Connections()
        self.widget = qt.QWidget()
        self.form = Form(self.widget)
        self.state: State = session.store.load(self.state_type, prefix=self.name)
        self.build()
        self.show_state()

    @abstractmethod
    def build(self) -> None:
        """Makes the controls and connects them."""

    @abstractmethod
    def show_state(self) -> None:
        """Writes the state to the controls, without sending it back."""

    def save(self) -> None:
        """Keeps the state in the scene."""
        self.session.store.save(self.state, prefix=self.name)

    def enter(self) -> None:
        """The panel comes into view, or the scene has changed."""
        self.state = self.session.store.load(self.state_type, prefix=self.name)
        self.show_state()

    def exit(self) -> None:
        """Another module is shown."""

    def scene_closing(self) -> None:
        """The scene is about to lose its nodes."""

    def cleanup(self) -> None:
        """The module goes: nothing may call this panel any more."""
        self.connections.close()

    def connect(self, sender: Any, signal: str, handler: Any) -> None:
        self.connections.add(sender, signal, handler)

    def connect_path(self, edit: Any, handler: Any) -> None:
        """Calls `handler` at every change of a path; a line that is emptied tells only that it holds no path any more."""
        self.connect(edit, "currentPathChanged(QString)", handler)
        self.connect(edit, "validInputChanged(bool)", handler)
