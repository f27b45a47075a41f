"""Long work in small steps, so that nothing blocks the thread that draws the windows.

In Slicer Python threads stand still while the program waits for the user, and only the main thread may touch the scene.
So work that takes longer is written as a generator: it yields its progress after every few milliseconds of work, or when
it waits for another process, and returns its result.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Generator, Generic, List, Optional, TypeVar

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.failures import describe_error
from SSLSegmentationLib.gui.texts import _

Result = TypeVar("Result")

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
# Work of one tick, in seconds; a step of the generator may take as long again.
TICK_BUDGET = 0.02
_WAIT_SECONDS = 0.01


@dataclass(frozen=True)
class Progress:
    """How far the work is. `share` 0 to 1 or None where unknown; `seconds_left` None where unknown.

    `waits`: nothing can be done before another process has moved on.
    """

    text: str
    share: Optional[float] = None
    seconds_left: Optional[float] = None
    waits: bool = False


Steps = Generator[Progress, None, Result]


class Operation(Generic[Result]):
    """Runs a generator of steps; whoever owns it calls `step` again and again, or `wait` once.

    `on_progress`, `on_done` (with the result), `on_error` (with the error, also `job.cancelled`) are called from `step`.
    Leaving the generator early, by `cancel`, runs its `finally` clauses: these end processes and remove files.
    """

    def __init__(
        self,
        steps: "Steps[Result]",
        *,
        on_progress: Optional[Callable[[Progress], None]] = None,
        on_done: Optional[Callable[[Result], None]] = None,
        on_error: Optional[Callable[[SSLSegmentationError], None]] = None,
    ) -> None:
        self.state = RUNNING
        self.progress = Progress(_("Starting …"))
        self.error: Optional[SSLSegmentationError] = None
        self._result: List[Result] = []
        self._steps = steps
        self._on_progress = on_progress
        self._on_done = on_done
        self._on_error = on_error

    @property
    def running(self) -> bool:
        return self.state == RUNNING

    @property
    def result(self) -> Result:
        """What the work gave. Raises the error that ended it; `RuntimeError` while it runs."""
        if self.error is not None:
            raise self.error
        if not self._result:
            raise RuntimeError("the operation has not ended yet")
        return self._result[0]

    def step(self, budget: float = TICK_BUDGET) -> bool:
        """Works for about `budget` seconds; whether there is more to do."""
        until = time.perf_counter() + budget
        while self.running:
            try:
                self.progress = next(self._steps)
            except StopIteration as end:
                self._finish(end.value)
                break
            except Exception as error:  # noqa: BLE001  # every error has to reach the person, whatever it is
                self._fail(error)
                break
            if self.progress.waits or time.perf_counter() >= until:
                break
        if self.running and self._on_progress is not None:
            self._on_progress(self.progress)
        return self.running

    def wait(self, timeout: Optional[float] = None) -> Result:
        """Works until the end and gives the result. Raises the work's error; `job.backend_hangs` after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.step():
            if until is not None and time.monotonic() > until:
                self.cancel()
                text = _("'{step}' took longer than {seconds:g} s.").format(step=self.progress.text, seconds=timeout)
                raise SSLSegmentationError("job.backend_hangs", text)
            if self.progress.waits:
                time.sleep(_WAIT_SECONDS)
        return self.result

    def cancel(self) -> None:
        """Stops the work and cleans up after it."""
        if not self.running:
            return
        self.state = CANCELLED
        self._steps.close()
        self._tell(SSLSegmentationError("job.cancelled", _("You cancelled it."), hint=_("What was finished before stays.")))

    def _finish(self, result: Result) -> None:
        self.state = DONE
        self._result.append(result)
        if self._on_done is not None:
            self._on_done(result)

    def _fail(self, error: Exception) -> None:
        failure = describe_error(error)
        self.state = CANCELLED if failure.code == "job.cancelled" else FAILED
        if failure is not error:
            failure.__cause__ = error
        self._tell(failure)

    def _tell(self, error: SSLSegmentationError) -> None:
        self.error = error
        if self._on_error is not None:
            self._on_error(error)
