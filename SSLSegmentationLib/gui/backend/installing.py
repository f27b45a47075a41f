"""Makes a backend: an environment of its own, filled by pip, verified, and only then put in the place of the former one."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Dict, Sequence, Tuple

from SSLSegmentationLib.contract.client import clean_environment
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.jobs.lock import FileLock, is_locked
from SSLSegmentationLib.contract.python_command import python_command
from SSLSegmentationLib.gui.backend.checking import check, problem_error
from SSLSegmentationLib.gui.backend.child import child
from SSLSegmentationLib.gui.backend.environment import BackendPlan
from SSLSegmentationLib.gui.backend.installed import (
    LOCK_NAME,
    LOG_NAME,
    Backend,
    begin_environment,
    next_environment,
    python_of,
    remove_unused,
    start_removal,
    write_backend,
)
from SSLSegmentationLib.gui.backend.masking import hide_passwords
from SSLSegmentationLib.gui.backend.pip_errors import explain, full_disk
from SSLSegmentationLib.gui.backend.pip_log import PipLog, tail
from SSLSegmentationLib.gui.backend.pythons import ask
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.texts import _

# Shares of the whole: making the environment, pip, the check.
_MADE, _FILLED = 0.04, 0.95
_SCRATCH = "tmp"
# A disk with less space than this counts as full.
_FULL_BYTES = 4 * 10**6
# pip's settings that would put the packages somewhere else than into the environment.
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


def install(plan: BackendPlan) -> "Steps[Backend]":
    """Makes the backend. Until it is verified a former one stays as it is; leaving early removes what was begun.

    Raises `environment.missing_package` (wrong Python, no network, no such package), `disk.full`, `disk.read_only`,
    `job.in_use` while another installation runs in the folder. Afterwards the same call begins again; pip keeps what
    it has downloaded.
    """
    if plan.missing_bytes:
        raise SSLSegmentationError(
            "disk.full",
            _("{needed:.1f} GB are needed in {folder}, but only {free:.1f} GB are free.").format(
                needed=(plan.download_bytes + plan.disk_bytes) / 1e9, folder=plan.folder, free=(plan.free_bytes or 0) / 1e9
            ),
            hint=_("Free some space or choose another folder."),
        )
    found = yield from ask(plan.python)
    if not found.fit:
        raise SSLSegmentationError(
            "environment.missing_package",
            _("{python} cannot be used: {reason}.").format(python=plan.python, reason=found.problem),
            hint=_("Choose another Python, 3.10 to 3.13."),
        )
    with disk_errors(plan.folder):
        plan.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(plan.folder / LOCK_NAME)
    # Looked at first, since taking a lock that is held waits.
    if is_locked(plan.folder / LOCK_NAME) or not lock.acquire():
        raise SSLSegmentationError("job.in_use", _("Another installation is running in {folder}.").format(folder=plan.folder))
    try:
        return (yield from _install_locked(plan))
    finally:
        lock.release()


def _install_locked(plan: BackendPlan) -> "Steps[Backend]":
    environment = next_environment(plan.folder)
    remove_unused(plan.folder, python=plan.python)
    finished = False
    try:
        yield from _make(plan, environment)
        backend = write_backend(plan.folder, environment)
        finished = True
    finally:
        if not finished:
            start_removal(environment, python=plan.python)
    remove_unused(plan.folder, python=backend.python)
    return backend


def _make(plan: BackendPlan, environment: Path) -> "Steps[None]":
    log, python = plan.folder / LOG_NAME, python_of(environment)
    with disk_errors(environment):
        begin_environment(environment)
    with disk_errors(log):
        log.write_text(time.strftime("%Y-%m-%d %H:%M:%S ") + f"{environment.name} from {plan.python}\n", encoding="utf-8")
    yield from _command([*python_command(plan.python), "-m", "venv", str(environment)], plan, environment, share=(0.0, _MADE))
    if not Path(python).is_file():
        # The Python of Microsoft's Store writes what it is to write into AppData somewhere else.
        raise SSLSegmentationError(
            "environment.missing_package",
            _("{python} has made no environment in {folder}.").format(python=plan.python, folder=environment),
            hint=_("Choose another Python, such as one from python.org, or a folder outside of AppData."),
        )
    with disk_errors(environment):
        (environment / _SCRATCH).mkdir()
    commands = plan.pip_commands(python)
    width = (_FILLED - _MADE) / len(commands)
    for number, command in enumerate(commands):
        yield from _command(command, plan, environment, share=(_MADE + number * width, width))
    # Only links and locks that pip forgot are left in there.
    shutil.rmtree(environment / _SCRATCH, ignore_errors=True)
    checking = check(python)
    try:
        while True:
            yield Progress(next(checking).text, _FILLED, waits=True)
    except StopIteration as end:
        facts = end.value
    problem = problem_error(facts)
    if problem is not None:
        raise problem
    _write(log, facts.line)


def _command(command: Sequence[str], plan: BackendPlan, environment: Path, *, share: Tuple[float, float]) -> "Steps[None]":
    """One command whose words go into the log; `share`: where its progress starts, and how much of the whole it is."""
    log, start = plan.folder / LOG_NAME, share[0]
    _write(log, "$ " + hide_passwords(" ".join(command[1:])))
    begin = log.stat().st_size
    # Wherever pip unpacks, it needs as much space as there is for the backend; a system's own folder is often small.
    scratch = str(environment / _SCRATCH)
    follower = PipLog(log, scratch=Path(scratch), packages=_packages_of(environment), expected_bytes=plan.download_bytes or 1)
    making = not Path(scratch).is_dir()
    extra = {} if making else {"TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
    with contextlib.ExitStack() as stack:
        stack.enter_context(disk_errors(log))
        output = stack.enter_context(log.open("ab"))
        variables = {**_environment(), **extra}
        process = stack.enter_context(child(command, output=output, environment=variables, folder=plan.folder))
        while process.poll() is None:
            if making:
                yield Progress(_("Making an environment …"), start, waits=True)
            else:
                now = follower.progress()
                yield Progress(now.text, start + share[1] * (now.share or 0.0), waits=True)
        code = process.returncode
    if code != 0:
        # Making an environment fails on a full disk without saying so.
        full = shutil.disk_usage(plan.folder).free < _FULL_BYTES
        raise full_disk() if full else explain(_since(log, begin), code=code)


def _environment() -> Dict[str, str]:
    kept = {name: value for name, value in clean_environment(os.environ).items() if name not in _MISLEADING}
    return {**kept, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _packages_of(environment: Path) -> Path:
    """Where the environment keeps its packages."""
    found = list(environment.glob("lib/python3.*/site-packages"))
    return found[0] if found else environment / "Lib" / "site-packages"


def _since(log: Path, begin: int) -> Tuple[str, ...]:
    with contextlib.suppress(OSError), log.open("rb") as handle:
        handle.seek(begin)
        return tuple(handle.read().decode("utf-8", "replace").splitlines()[-60:])
    return tail(log)


def _write(log: Path, line: str) -> None:
    # A full disk shows in the command that follows.
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as handle:
        handle.write(line + "\n")
