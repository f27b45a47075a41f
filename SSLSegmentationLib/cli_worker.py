"""`sslseg worker`: command lines sent to a process that stays warm between them."""

from __future__ import annotations

import argparse
import functools
import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.errors import EXIT_USAGE, SSLSegmentationError
from SSLSegmentationLib.contract.failures import describe_error
from SSLSegmentationLib.contract.jobs.log import LOGGER_NAME
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.contract.worker.hello import hello_facts, write_hello
from SSLSegmentationLib.contract.worker.server import serve


def run(arguments: argparse.Namespace) -> int:
    """Answers requests from stdin until it is closed; what it says goes to stderr."""
    requests = _take_stdin()
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    logging.getLogger(LOGGER_NAME).setLevel(logging.INFO)
    if arguments.folder is not None:
        tasks, problem = _tasks()
        write_hello(Path(arguments.folder), hello_facts(tasks=tasks, tasks_problem=problem))
    kept: Dict[str, Any] = {}

    def run_words(words: Sequence[str], reporter: Reporter) -> int:
        if words[:1] == ("worker",):
            reporter.fail(SSLSegmentationError("usage.arguments", "A worker starts no worker."))
            return EXIT_USAGE
        return main(words, reporter=reporter, kept=kept)

    return serve(
        run_words,
        descriptor=requests,
        idle_seconds=arguments.idle_minutes * 60.0,
        parent=arguments.parent,
        prepare=functools.partial(_prepare, arguments.prepare) if arguments.prepare else None,
    )


def _take_stdin() -> int:
    """The pipe of the requests under a number of its own; stdin is empty from here on.

    No command and no child reads the requests then. On Windows, where loading a library asks what stdin is, that question
    would wait until the next request has been read.
    """
    requests = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return requests


def _prepare(command: str) -> None:
    """Imports what takes longest for `command`."""
    try:
        if command == "predict":
            importlib.import_module("SSLSegmentationLib.learning.threads").prepare_for_torch()
            importlib.import_module("SSLSegmentationLib.learning.prediction.predictor")
        else:
            importlib.import_module("SSLSegmentationLib.imaging.commands.measure")
    except Exception:  # a damaged package may raise anything; the request that needs it tells the person
        logging.getLogger(LOGGER_NAME).exception("not everything could be imported")


def _tasks() -> Tuple[List[Dict[str, Any]], str]:
    """The pretext tasks, and why there are none where this Python can't import them."""
    try:
        module = importlib.import_module("SSLSegmentationLib.learning.pretext")
        return [task.as_dict() for task in module.descriptions().values()], ""
    except Exception as error:  # noqa: BLE001  # an older Python or a missing package may raise anything
        return [], describe_error(error).message
