"""What a worker process of the cache does before its first case."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import SimpleITK


def start_worker() -> None:
    """One thread of SimpleITK per worker; Ctrl-C is the parent's to answer; no worker outlives its parent."""
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent can't tell its workers; without this they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
