"""Asks a backend what it can do: `sslseg doctor` runs in it, and its answer becomes facts and one line to read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from SSLSegmentationLib.contract.client import backend_command
from SSLSegmentationLib.contract.errors import ERROR_KINDS, SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.strict_json import Reader
from SSLSegmentationLib.gui.backend.child import Finished, run_child
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.texts import _

# The first import of torch from a slow disk takes long; a backend that says nothing for so long hangs.
_ANSWER_SECONDS = 180.0
# Problems under which nothing can be computed; the others (little memory, a card that is not used) only slow it down.
_FATAL = ("environment.no_torch", "environment.missing_package")


@dataclass(frozen=True)
class BackendProblem:
    """One thing that `doctor` found: an error code, a sentence, and what to do."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class BackendFacts:
    """What a backend is and can do. `card` is the graphics card that torch uses, "" for none.

    Memory (`card_free`: the card's own) and disk in bytes, None where the system does not tell.
    """

    python: str
    python_version: str
    sslseg: str
    system: str
    torch: str
    cuda: str
    device: str
    precision: str
    threads: int
    card: str
    card_free: Optional[int]
    memory_free: Optional[int]
    disk_free: Optional[int]
    packages: Tuple[Tuple[str, str], ...]
    problems: Tuple[BackendProblem, ...]

    @property
    def ready(self) -> bool:
        """Whether it can train and predict."""
        return not self.fatal

    @property
    def fatal(self) -> Tuple[BackendProblem, ...]:
        return tuple(problem for problem in self.problems if problem.code in _FATAL)

    @property
    def line(self) -> str:
        """ "torch 2.13.0 · CPU, 2 threads · 20.1 GB free", or what is missing. What is free is the memory that it computes in."""
        if not self.ready:
            return " ".join(problem.message for problem in self.fatal)
        if self.card:
            device = _("{card}, CUDA {version}").format(card=self.card, version=self.cuda)
            memory = self.card_free
        else:
            device = _("CPU, {count} threads").format(count=self.threads)
            memory = self.memory_free
        free = "" if memory is None else _("{size:.1f} GB free").format(size=memory / 1e9)
        return " · ".join(part for part in (f"torch {self.torch.partition('+')[0]}", device, free) if part)


def check(python: PathLike) -> "Steps[BackendFacts]":
    """The facts of the backend that `python` is, whether or not something is missing.

    Raises `environment.missing_package` where it can't be started, `job.backend_hangs`, and `job.backend_died` where it
    ends without an answer; both name its own last words.
    """
    name = os.fspath(python)
    try:
        finished = yield from run_child(
            backend_command(name, ["doctor", "--json"]),
            text=_("Checking the backend …"),
            timeout=_ANSWER_SECONDS,
            folder=Path(name).parent,
        )
    except OSError as error:
        raise SSLSegmentationError(
            "environment.missing_package",
            _("{python} cannot be started: {reason}.").format(python=name, reason=error.strerror),
            hint=_("Set the backend up again."),
        ) from error
    if finished.code is None:
        raise SSLSegmentationError(
            "job.backend_hangs",
            _("The backend did not answer within {seconds:.0f} s.").format(seconds=_ANSWER_SECONDS),
            hint=_("Try again; if it stays so, set the backend up again."),
        )
    return _facts(name, finished)


def _facts(python: str, finished: Finished) -> BackendFacts:
    reason = finished.last_line[:300] or _("it said nothing")

    def refuse(sentence: str) -> SSLSegmentationError:
        return SSLSegmentationError(
            "job.backend_died",
            _("The backend gave no usable answer: {reason}").format(reason=reason),
            hint=_("Set the backend up again. ({detail})").format(detail=sentence),
        )

    try:
        raw = json.loads(finished.output)
    except ValueError as error:
        raise refuse(str(error)) from error
    reader = Reader(raw, where="doctor", refuse=refuse)
    packages = [Reader(entry, where="package", refuse=refuse) for entry in reader.items("packages")]
    problems = [Reader(entry, where="problem", refuse=refuse) for entry in reader.items("problems")]
    versions = tuple((entry.text("name"), entry.text("version")) for entry in packages)
    torch = reader.mapping("torch")
    return BackendFacts(
        python=python,
        python_version=reader.text("python"),
        sslseg=reader.text("sslseg"),
        system=reader.text("system"),
        torch=dict(versions).get("torch", ""),
        cuda=str(torch.get("cuda_build", "")),
        device=reader.text("device"),
        precision=reader.text("precision"),
        threads=reader.integer("threads", 1, 10**6),
        card=str(torch.get("card", "")),
        card_free=_bytes(torch, "card_free_bytes"),
        memory_free=_bytes(reader.raw, "memory_available_bytes"),
        disk_free=_bytes(reader.raw, "disk_free_bytes"),
        packages=versions,
        problems=tuple(
            BackendProblem(_code(entry.text("code")), entry.text("message"), entry.text("hint")) for entry in problems
        ),
    )


def _bytes(raw: "Any", key: str) -> Optional[int]:
    value = raw.get(key)
    return value if isinstance(value, int) else None


def _code(code: str) -> str:
    """A code of our own table: a backend of another version may know others."""
    return code if code in ERROR_KINDS else "environment.missing_package"


def problem_error(facts: BackendFacts) -> Optional[SSLSegmentationError]:
    """The first problem under which nothing can be computed, as an error; None where the backend is ready."""
    if facts.ready:
        return None
    first: Dict[str, str] = vars(facts.fatal[0])
    return SSLSegmentationError(first["code"], first["message"], hint=_("Set the backend up again."))
