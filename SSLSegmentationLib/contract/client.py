"""Starts runs in a backend process of their own, and finds, follows and stops them. The backend may die, hang or babble."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from SSLSegmentationLib.contract.config import Config, as_dict, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, disk_errors, write_text
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.contract.jobs.handle import JobHandle
from SSLSegmentationLib.contract.python_command import python_command

_PACKAGE = Path(__file__).resolve().parents[1]

# The package is loaded from where it lies; its folder comes last in the path, so that packages beside it (Slicer's own)
# never come before those of the backend's Python. Processes that the backend starts find it by that path.
_BOOTSTRAP = """
import importlib.util, sys
folder = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("SSLSegmentationLib", folder + "/__init__.py", submodule_search_locations=[folder])
package = importlib.util.module_from_spec(spec)
sys.modules["SSLSegmentationLib"] = package
spec.loader.exec_module(package)
sys.path.append(folder.rpartition("/")[0])
from SSLSegmentationLib.cli import main
sys.exit(main())
"""

# What Slicer, conda and virtual environments set for their own programs and what breaks another Python.
_DROPPED_PREFIXES = ("PYTHON", "QT_")
_DROPPED = {
    "CONDA_PREFIX",
    "DYLD_LIBRARY_PATH",
    "ITK_AUTOLOAD_PATH",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "SSL_CERT_FILE",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
}


def clean_environment(environment: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """`environment` (this process's by default) without what belongs to another Python, Qt or ITK; UTF-8 and unbuffered."""
    given = os.environ if environment is None else environment
    kept = {name: value for name, value in given.items() if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES)}
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def backend_command(python: PathLike, words: Sequence[str]) -> List[str]:
    """The command line that runs `sslseg WORDS` in another Python, without its user's settings."""
    # -u, since -I makes Python deaf to PYTHONUNBUFFERED.
    return [*python_command(python), "-u", "-c", _BOOTSTRAP, _PACKAGE.as_posix(), *words]


def _detached() -> Dict[str, Any]:
    """Settings of `Popen` under which a process outlives whoever started it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        return {"creationflags": flags}
    return {"start_new_session": True}


def start(
    command: str,
    config: Union[Config, Mapping[str, Any]],
    *,
    job: PathLike,
    python: PathLike = sys.executable,
    environment: Optional[Mapping[str, str]] = None,
    extra_args: Sequence[str] = (),
) -> JobHandle:
    """Starts `sslseg COMMAND CONFIG --job JOB EXTRA_ARGS` in `python`, detached from this process.

    `command`: pretrain or finetune. `extra_args`: such as ("--resume",) or ("--pretrained", "folder"). Relative paths
    are taken from the current folder, also those of a mapping.
    Errors: `job.in_use`, `job.exists`, `job.nothing_to_resume` at once; those of `parse`; `environment.missing_package`
    where `python` cannot be run. Whatever goes wrong later is seen in the handle.
    """
    folder = JobFolder(job)
    resolved = config if isinstance(config, Config) else parse(config, base=Path.cwd())
    folder.check_startable(resume="--resume" in extra_args)
    request = folder.path / "request.json"
    write_text(request, json.dumps(as_dict(resolved), indent=2, ensure_ascii=False) + "\n")
    words = [command, str(request), "--job", str(folder.path), *extra_args]
    with disk_errors(folder.log), folder.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                backend_command(python, words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean_environment(environment),
                close_fds=True,
                **_detached(),
            )
        except OSError as error:
            raise SSLSegmentationError(
                "environment.missing_package",
                f"{os.fspath(python)} cannot be run: {error.strerror}.",
                hint="Choose the backend's Python.",
            ) from error
    return JobHandle(folder, process=process)


def attach(job: PathLike) -> JobHandle:
    """A handle on a job that anyone started, running or not. Errors: `job.not_a_job`."""
    folder = JobFolder(job)
    if not folder.holds_job() and not folder.is_locked():
        raise SSLSegmentationError("job.not_a_job", f"{folder.path} holds no job.")
    return JobHandle(folder)


def list_jobs(folder: PathLike) -> Tuple[JobHandle, ...]:
    """The job that `folder` is, or else the jobs in its sub-folders by name. Errors: `data.missing`."""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise SSLSegmentationError("data.missing", f"The folder {path} does not exist.")
    candidates = [JobFolder(path), *(JobFolder(child) for child in sorted(path.iterdir()) if child.is_dir())]
    jobs = [candidate for candidate in candidates if candidate.holds_job()]
    own = [job for job in jobs if job.path == candidates[0].path]
    return tuple(JobHandle(job) for job in own or jobs)
