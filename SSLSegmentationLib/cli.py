"""The command line: parses arguments, and imports a command's module when that command runs."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import traceback
from typing import Any, Dict, List, NoReturn, Optional, Sequence, TextIO

from SSLSegmentationLib import __version__
from SSLSegmentationLib.cli_arguments import COMMANDS
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.reporting import Reporter

EXIT_USAGE = 2


class _WrongUse(SystemExit):
    """The arguments are wrong, and that was told."""

    def __init__(self, error: SSLSegmentationError) -> None:
        super().__init__(EXIT_USAGE)
        self.error = error


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"error: {message}. See '{self.prog} --help'. [usage.arguments]\n")
        raise _WrongUse(SSLSegmentationError("usage.arguments", f"{message}.", hint=f"See '{self.prog} --help'."))


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = _Parser(
        prog="sslseg",
        description="Self-supervised pretraining, segmentation and biomarkers for medical scans. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"sslseg {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        child = commands.add_parser(
            name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.", allow_abbrev=False
        )
        command.add_arguments(child)
        child.add_argument("--traceback", action="store_true", help="on an error show where in the program it arose")
    return parser


def _make_streams_safe() -> None:
    """UTF-8 whatever the locale, so that no file name can end a command with an encoding error; a closed stream is nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _report(error: BaseException, *, show_traceback: bool, reporter: Reporter) -> int:
    """Writes `error` as one line to stderr and tells `reporter`; gives the exit code."""
    from SSLSegmentationLib.contract.failures import describe_error

    failure = describe_error(error)
    reporter.fail(failure)
    line = " ".join(str(failure).split())
    # Who closed stderr does not read it either.
    with contextlib.suppress(OSError, ValueError):
        if show_traceback:
            traceback.print_exception(type(error), error, error.__traceback__)
        sys.stderr.write(f"error: {line}\n")
        sys.stderr.flush()
    return failure.exit_code


def _drop_unwritten(stream: TextIO) -> None:
    """What cannot be written is not tried again when Python ends, which would change the exit code."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _run(arguments: argparse.Namespace) -> int:
    module = importlib.import_module(f"SSLSegmentationLib.{COMMANDS[arguments.command].module}")
    code: int = module.run(arguments)
    sys.stdout.flush()
    return code


def main(
    words: Optional[Sequence[str]] = None, *, reporter: Optional[Reporter] = None, kept: Optional[Dict[str, Any]] = None
) -> int:
    """Runs one command line; gives its exit code and raises nothing.

    `reporter` is told what happens; `kept` is what commands of one process keep for the next, such as a loaded model.
    """
    _make_streams_safe()
    try:
        return _main(list(sys.argv[1:] if words is None else words), reporter or Reporter(), {} if kept is None else kept)
    finally:
        _drop_unwritten(sys.stdout)
        _drop_unwritten(sys.stderr)


def _main(words: List[str], reporter: Reporter, kept: Dict[str, Any]) -> int:
    """As `main`, but for what is left to write at the end."""
    try:
        arguments = build_parser().parse_args(words)
    except _WrongUse as wrong_use:
        reporter.fail(wrong_use.error)
        return EXIT_USAGE
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else EXIT_USAGE
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): end without a word.
        return 0
    arguments.reporter, arguments.kept = reporter, kept
    try:
        return _run(arguments)
    except BrokenPipeError:
        return 0
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else 0
    except BaseException as error:  # noqa: BLE001  # the one place where every error becomes a line and a code
        return _report(error, show_traceback=arguments.traceback, reporter=reporter)
