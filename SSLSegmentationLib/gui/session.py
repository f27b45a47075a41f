"""What all panels and console verbs share: running operations, the two worker processes, folders and settings."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.gui.backend.child import ending, wait_for_ending
from SSLSegmentationLib.gui.local_python import local_worker
from SSLSegmentationLib.gui.models import ModelList
from SSLSegmentationLib.gui.operation import TICK_BUDGET, Operation, Progress, Result, Steps
from SSLSegmentationLib.gui.run_list import RunList
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.scratch import make_scratch, remove_left_scratch
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, Settings
from SSLSegmentationLib.gui.texts import _

# A worker that nobody asked anything for so long gives its memory back.
IDLE_MINUTES = 10.0
_END_SECONDS = 1.0


class Session:
    """Lives as long as the module's widget, or as one script. `tick` is called by a timer; scripts use `Operation.wait`."""

    def __init__(self, *, settings: Settings, store: ParameterStore) -> None:
        self.settings = settings
        self.store = store
        self.scratch = make_scratch()
        self.models = ModelList(settings)
        self.runs = RunList(settings)
        self.listeners: List[Callable[[str, bool], None]] = []
        self._operations: List[Operation[Any]] = []
        self._outlive_scene: List[Operation[Any]] = []
        self._local: Optional[Worker] = None
        self._engine: Optional[Worker] = None
        # Of another Python: their processes are ending.
        self._ending: List[Worker] = []
        self._engine_python = ""
        self._folders = 0
        self.run(remove_left_scratch(), outlives_scene=True)

    def run(
        self,
        steps: "Steps[Result]",
        *,
        on_progress: Optional[Callable[[Progress], None]] = None,
        on_done: Optional[Callable[[Result], None]] = None,
        on_error: Optional[Callable[[SSLSegmentationError], None]] = None,
        outlives_scene: bool = False,
    ) -> "Operation[Result]":
        """Starts an operation that `tick` carries on; it is cancelled when the scene closes, unless it `outlives_scene`."""
        operation = Operation(steps, on_progress=on_progress, on_done=on_done, on_error=on_error)
        self._operations.append(operation)
        if outlives_scene:
            self._outlive_scene.append(operation)
        return operation

    def change_state(self, state: Any, *, name: str, show: bool = False) -> None:
        """Changes what another panel remembers, and tells it; `show` brings it into view as well."""
        self.store.save(state, prefix=name)
        for listener in list(self.listeners):
            listener(name, show)

    def tick(self) -> bool:
        """Carries on with every operation for a moment; whether any is still running."""
        ending()
        for worker in (self._local, self._engine):
            if worker is not None:
                worker.poll()
        self._ending = [worker for worker in self._ending if worker.running]
        running = [operation for operation in self._operations if operation.running]
        for operation in running:
            operation.step(TICK_BUDGET / len(running))
        # An operation may have started or ended others.
        self._operations = [operation for operation in self._operations if operation.running]
        return bool(self._operations)

    def scene_closing(self) -> None:
        """Ends every operation that works on the scene; what they made so far is cleaned up."""
        self._outlive_scene = [operation for operation in self._outlive_scene if operation.running]
        for operation in list(self._operations):
            if operation not in self._outlive_scene:
                operation.cancel()
        self._operations = [operation for operation in self._operations if operation.running]

    def cancel_all(self) -> None:
        """Ends every operation; what they made so far is cleaned up."""
        for operation in list(self._operations):
            operation.cancel()
        self._operations.clear()

    @property
    def local(self) -> Worker:
        """The worker in Slicer's own Python, for measuring and surfaces: it needs no backend."""
        if self._local is None:
            self._local = local_worker(self._worker_folder("local"), idle_minutes=IDLE_MINUTES)
        return self._local

    @property
    def engine(self) -> Worker:
        """The worker in the backend's Python, which keeps a model warm. Raises `environment.no_torch` without a backend."""
        python = self.engine_python()
        if self._engine is not None and python != self._engine_python:
            self._engine.end()
            self._ending.append(self._engine)
            self._engine = None
        if self._engine is None:
            self._engine = Worker(python, folder=self._worker_folder("engine"), idle_minutes=IDLE_MINUTES)
            self._engine_python = python
        return self._engine

    @property
    def worker_logs(self) -> Tuple[Path, ...]:
        """What the workers have said, those that there are."""
        return tuple(worker.log for worker in (self._local, self._engine) if worker is not None)

    def has_engine(self) -> bool:
        """Whether a backend was set up."""
        return Path(str(self.settings.get(BACKEND_PYTHON) or "missing")).is_file()

    def engine_python(self) -> str:
        """The backend's Python. Raises `environment.no_torch` where none was set up."""
        if not self.has_engine():
            raise SSLSegmentationError(
                "environment.no_torch",
                _("The backend is not set up yet."),
                hint=_("Open 'Backend' at the top and press 'Set up'."),
            )
        return str(self.settings.get(BACKEND_PYTHON))

    def new_folder(self, purpose: str) -> Path:
        """An empty folder for the files of one operation. Its name holds nothing of the scan."""
        self._folders += 1
        folder = self.scratch / f"{purpose}-{self._folders}"
        folder.mkdir(parents=True)
        return folder

    def close(self) -> None:
        """Ends operations and workers and removes what they left on disk. Detached runs go on."""
        self.cancel_all()
        for worker in (self._local, self._engine, *self._ending):
            if worker is not None:
                worker.stop()
        self._local = self._engine = None
        self._ending.clear()
        wait_for_ending(_END_SECONDS)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.scratch)

    def _worker_folder(self, name: str) -> Path:
        return self.new_folder(f"worker-{name}")
