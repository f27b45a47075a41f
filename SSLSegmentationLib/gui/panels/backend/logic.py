"""The panel Backend without its widgets: which backend is in use, what it can do, and how another one is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional, Protocol, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.lock import is_locked
from SSLSegmentationLib.gui.backend.checking import BackendFacts, check, problem_error
from SSLSegmentationLib.gui.backend.environment import BackendPlan, default_folder, make_plan
from SSLSegmentationLib.gui.backend.installed import LOCK_NAME, LOG_NAME, Backend, read_backend, remove_unused
from SSLSegmentationLib.gui.backend.installing import install
from SSLSegmentationLib.gui.backend.last_logs import Log
from SSLSegmentationLib.gui.backend.packages import BUILDS, PLAIN, Driver, find_driver, fitting_build
from SSLSegmentationLib.gui.backend.pip_log import tail
from SSLSegmentationLib.gui.backend.pythons import FoundPython, find_pythons, full_path
from SSLSegmentationLib.gui.backend.report import make_report
from SSLSegmentationLib.gui.operation import Operation, Progress, Steps
from SSLSegmentationLib.gui.settings import BACKEND_FOLDER, BACKEND_PYTHON
from SSLSegmentationLib.gui.texts import _

# The Python that a backend is made from, and further options for pip, as the person typed them.
BASE_PYTHON = "backendBasePython"
PIP_OPTIONS = "backendPipOptions"


class SettingsLike(Protocol):
    """Keeps values between two starts of the program."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def set(self, key: str, value: Any) -> None: ...


class SessionLike(Protocol):
    """Keeps settings and runs operations."""

    @property
    def settings(self) -> SettingsLike: ...

    @property
    def run(self) -> "Callable[..., Operation[Any]]": ...


class BackendLogic:
    """`changed` is called whenever something that a person sees is different."""

    def __init__(self, session: SessionLike, *, changed: Callable[[], None]) -> None:
        self._session = session
        self._changed = changed
        self._asked: Optional[str] = None
        self._sought = ""
        self.facts: Optional[BackendFacts] = None
        self.error: Optional[SSLSegmentationError] = None
        self.pythons: Tuple[FoundPython, ...] = ()
        self.driver: Optional[Driver] = None
        self.checking: Optional[Operation[BackendFacts]] = None
        self.finding: Optional[Operation[Any]] = None
        self.installing: Optional[Operation[Backend]] = None

    # --- what is chosen ---
    @property
    def folder(self) -> Path:
        """Where the backends of this person lie."""
        chosen = self._session.settings.get(BACKEND_FOLDER)
        return Path(str(chosen)) if chosen else default_folder()

    def choose_folder(self, folder: str) -> None:
        """Where the next backend goes; one that lies there already is taken into use."""
        self._session.settings.set(BACKEND_FOLDER, folder)
        installed = read_backend(self.folder)
        if installed is not None:
            self._session.settings.set(BACKEND_PYTHON, installed.python)
            self.refresh()
        self._changed()

    @property
    def pip_options(self) -> str:
        return str(self._session.settings.get(PIP_OPTIONS) or "")

    def choose_pip_options(self, options: str) -> None:
        self._session.settings.set(PIP_OPTIONS, options.strip())
        self._changed()

    @property
    def base(self) -> Optional[FoundPython]:
        """The Python that a backend would be made from: the chosen one, else the best that was found."""
        for found in self.pythons:
            if found.path == self._chosen_base:
                return found
        return self.pythons[0] if self.pythons and self.pythons[0].fit else None

    def choose_base(self, python: str) -> None:
        """Chooses the Python; one that is not known yet is asked first."""
        self._session.settings.set(BASE_PYTHON, full_path(python) if python else "")
        if not self._chosen_is_known():
            self.find()
        self._changed()

    @property
    def _chosen_base(self) -> str:
        return str(self._session.settings.get(BASE_PYTHON) or "")

    def _chosen_is_known(self) -> bool:
        return not self._chosen_base or any(found.path == self._chosen_base for found in self.pythons)

    # --- the backend in use ---
    @property
    def python(self) -> str:
        """The backend's Python: the installed one, or one that the person looks after; "" where there is none."""
        own = str(self._session.settings.get(BACKEND_PYTHON) or "")
        installed = read_backend(self.folder)
        managed = not own or not Path(own).is_file() or self.folder in Path(own).parents
        if installed is not None and managed and installed.python != own:
            # Another Slicer of this person has set up a newer one.
            self._session.settings.set(BACKEND_PYTHON, installed.python)
            return installed.python
        return own if own and Path(own).is_file() else ""

    @property
    def line(self) -> str:
        """What there is or what is missing, in one line."""
        if self.checking is not None:
            return _("Checking the backend …")
        if self.error is not None:
            return self.error.message
        if self.facts is not None:
            return self.facts.line
        return _("There is no backend yet: set one up to train and apply models.")

    @property
    def ready(self) -> bool:
        return self.facts is not None and self.facts.ready

    def refresh(self, *, again: bool = False) -> None:
        """Checks the backend, where that was not done before or is wanted `again`."""
        python = self.python
        if self.checking is not None or (python == self._asked and not again):
            return
        self._asked, self.facts, self.error = python, None, None
        if python:
            self.checking = self._session.run(
                check(python), on_done=self._checked, on_error=self._not_checked, outlives_scene=True
            )
        self._changed()

    def _checked(self, facts: BackendFacts) -> None:
        self.checking, self.facts = None, facts
        if not is_locked(self.folder / LOCK_NAME):
            # A former backend that was still busy when this one took its place.
            remove_unused(self.folder, python=facts.python)
        self._changed()

    def _not_checked(self, error: SSLSegmentationError) -> None:
        self.checking, self.error = None, error
        if error.code == "job.cancelled":
            self._asked, self.error = None, None
        self._changed()

    # --- another one ---
    def find(self) -> None:
        """Looks for Pythons and a graphics card."""
        if self.finding is not None:
            return
        self._sought = self._chosen_base
        self.finding = self._session.run(_find(self._sought), on_done=self._found, on_error=self._not_found, outlives_scene=True)
        self._changed()

    def _found(self, found: Tuple[Tuple[FoundPython, ...], Optional[Driver]]) -> None:
        self.finding = None
        self.pythons, self.driver = found
        if self._chosen_base != self._sought and not self._chosen_is_known():
            # It was chosen while this search was running.
            self.find()
        self._changed()

    def _not_found(self, _error: SSLSegmentationError) -> None:
        self.finding = None
        self._changed()

    def plan(self, build: str) -> BackendPlan:
        """What an installation would do and need. Raises `usage.arguments`, `disk.read_only`, `environment.missing_package`."""
        base = self.base
        if base is None or not base.fit:
            raise SSLSegmentationError(
                "environment.missing_package",
                base.title if base is not None else _("No Python from 3.10 to 3.13 was found."),
                hint=_("Install one from python.org and choose it here."),
            )
        chosen = BUILDS.get(build, PLAIN)
        return make_plan(base.path, folder=self.folder, build=chosen, pip_options=self.pip_options)

    def install(
        self,
        plan: BackendPlan,
        *,
        on_progress: Callable[[Progress], None],
        on_done: Callable[[], None],
        on_error: Callable[[SSLSegmentationError], None],
    ) -> "Operation[Backend]":
        """Makes a backend; the one in use stays until the new one is verified."""

        def done(backend: Backend) -> None:
            self.installing = None
            self._session.settings.set(BACKEND_FOLDER, str(plan.folder))
            self._session.settings.set(BACKEND_PYTHON, backend.python)
            self.refresh(again=True)
            on_done()

        def failed(error: SSLSegmentationError) -> None:
            self.installing = None
            on_error(error)
            self._changed()

        self.installing = self._session.run(
            install(plan), on_progress=on_progress, on_done=done, on_error=failed, outlives_scene=True
        )
        self._changed()
        return self.installing

    def use(self, *, on_error: Callable[[SSLSegmentationError], None]) -> None:
        """Takes the chosen Python as the backend as it is, where it has all packages already."""
        base = self.base
        if base is None or self.checking is not None:
            return
        self.checking = self._session.run(
            _check_ready(base.path), on_done=self._used, on_error=self._refused(on_error), outlives_scene=True
        )
        self._changed()

    def _used(self, facts: BackendFacts) -> None:
        self._asked = facts.python
        self._session.settings.set(BACKEND_PYTHON, facts.python)
        self.error = None
        self._checked(facts)

    def _refused(self, on_error: Callable[[SSLSegmentationError], None]) -> Callable[[SSLSegmentationError], None]:
        def refused(error: SSLSegmentationError) -> None:
            self.checking = None
            self._changed()
            on_error(error)

        return refused

    # --- what a person reads ---
    def advice(self) -> str:
        """Which build makes the most of this computer; "" where it makes no difference."""
        build = fitting_build(self.driver)
        if self.driver is None or build == PLAIN:
            return ""
        card = f"{self.driver.card}, CUDA {self.driver.cuda[0]}.{self.driver.cuda[1]}"
        if not build.cuda[0]:
            return _("{card}: its driver is too old to be used; update it for a faster training.").format(card=card)
        return _("{card}: choose 'CUDA {version}' if the standard build does not use it.").format(
            card=card, version=f"{build.cuda[0]}.{build.cuda[1]}"
        )

    def log(self) -> List[str]:
        """The last lines of the last installation."""
        return list(tail(self.folder / LOG_NAME, 200))

    def report(self, application: str, *, logs: Sequence[Log] = ()) -> str:
        """The text of "Copy report"."""
        errors = [self.error] if self.error is not None else []
        return make_report(application=application, folder=self.folder, facts=self.facts, errors=errors, logs=logs)


def _find(chosen: str) -> "Steps[Tuple[Tuple[FoundPython, ...], Optional[Driver]]]":
    pythons = yield from find_pythons(chosen)
    driver = yield from find_driver()
    return pythons, driver


def _check_ready(python: str) -> "Steps[BackendFacts]":
    facts = yield from check(python)
    problem = problem_error(facts)
    if problem is not None:
        message = _("{python} cannot be used as it is: {reason}").format(python=python, reason=problem.message)
        raise SSLSegmentationError(problem.code, message, hint=_("Press 'Install' instead: it makes a backend of its own."))
    return facts
