"""Building the cache of a data set, in this process or in a pool of workers."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Callable, Dict, Generator, List, Optional, Sequence, Tuple, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.cache.entry import CachedCase, open_entry
from SSLSegmentationLib.imaging.cache.folder import open_folder
from SSLSegmentationLib.imaging.cache.making import EntryOutcome, EntryRequest, ensure_entry
from SSLSegmentationLib.imaging.cache.open_files import allow_open_files
from SSLSegmentationLib.imaging.cache.worker import start_worker
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan
from SSLSegmentationLib.imaging.scan import Case

# Below this many bytes of files a pool costs more than it saves: each worker takes about a second to start.
POOL_BYTES = 64 << 20
# How often a pool looks whether it was cancelled.
POLL_SECONDS = 0.2

Progress = Callable[[int, int], None]
Numbered = Tuple[int, EntryOutcome]


def build_cache(
    cases: Sequence[Case],
    plan: PreprocessPlan,
    *,
    tissues: Optional[TissueTable],
    folder: Optional[Union[str, Path]] = None,
    workers: Union[str, int] = "auto",
    on_progress: Optional[Progress] = None,
    cancelled: Optional[Callable[[], bool]] = None,
    on_problem: Optional[Callable[[Case, SSLSegmentationError], None]] = None,
) -> Tuple[CachedCase, ...]:
    """Prepares `cases` (those not yet in the cache) and opens them as memory maps, in their order.

    `tissues` None leaves labels out. `folder` defaults to the user's cache folder. `on_progress` gets (done, total);
    `cancelled` is asked between cases (`job.cancelled`). A case that can't be used raises its error, naming the case and
    the file; with `on_problem` it is handed over and left out instead. Raises `disk.full` and `disk.read_only`.
    """
    root = open_folder(folder)
    requests = [EntryRequest(case, plan, tissues, root) for case in cases]
    count = _worker_count(cases, workers)
    outcomes: Dict[int, EntryOutcome] = {}
    made = _pooled(requests, count, cancelled) if count > 1 else _in_turn(requests, range(len(requests)), cancelled)
    with contextlib.closing(made):  # an error must end the pool at once, not when its traceback is forgotten
        for number, outcome in made:
            outcomes[number] = outcome
            if outcome.error is not None:
                error = SSLSegmentationError(outcome.error[0], outcome.error[1], hint=outcome.error[2])
                if on_problem is None or not error.code.startswith("data."):
                    raise error
                on_problem(cases[number], error)
            if on_progress is not None:
                on_progress(len(outcomes), len(cases))
    allow_open_files(2 * len(cases))
    opened: List[CachedCase] = []
    for number, case in enumerate(cases):
        if outcomes[number].error is None:
            opened.append(_open(case, requests[number], outcomes[number]))
    return tuple(opened)


def _open(case: Case, request: EntryRequest, outcome: EntryOutcome) -> CachedCase:
    """The entry of an outcome; made again where another process is just replacing it."""
    for attempt in (outcome, None):
        made = attempt or ensure_entry(request)
        if made.error is not None:
            raise SSLSegmentationError(made.error[0], made.error[1], hint=made.error[2])
        if made.path is not None and made.facts is not None:
            with contextlib.suppress(FileNotFoundError):
                return open_entry(made.path, made.facts, case_id=case.id, subject=case.subject, warnings=made.warnings)
    raise SSLSegmentationError("data.missing", f"The cached copy of case '{case.id}' vanished twice from {request.folder}.")


def _worker_count(cases: Sequence[Case], workers: Union[str, int]) -> int:
    """Processes to use; "auto": one per available core, or none of its own for a small data set."""
    if not isinstance(workers, str):
        return min(workers, len(cases))
    size = sum(path.stat().st_size for case in cases for path in case.images if path.is_file())
    if size < POOL_BYTES:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, len(cases))


def _check_cancelled(cancelled: Optional[Callable[[], bool]]) -> None:
    if cancelled is not None and cancelled():
        raise SSLSegmentationError("job.cancelled", "The run was cancelled while it prepared the scans.")


def _in_turn(
    requests: Sequence[EntryRequest], numbers: Sequence[int], cancelled: Optional[Callable[[], bool]]
) -> Generator[Numbered, None, None]:
    for number in numbers:
        _check_cancelled(cancelled)
        yield number, ensure_entry(requests[number])


def _pooled(
    requests: Sequence[EntryRequest], count: int, cancelled: Optional[Callable[[], bool]]
) -> Generator[Numbered, None, None]:
    """Outcomes as they come; what a dying pool leaves undone is done in this process."""
    left = set(range(len(requests)))
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=start_worker)
    try:
        futures: Dict[Future[EntryOutcome], int] = {
            pool.submit(ensure_entry, requests[number]): number for number in sorted(left)
        }
        while futures:
            _check_cancelled(cancelled)
            done, _ = wait(futures, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                _check_cancelled(cancelled)  # several may have ended at once
                number = futures.pop(future)
                yield number, future.result()
                left.discard(number)
    except BrokenProcessPool:
        yield from _in_turn(requests, sorted(left), cancelled)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
