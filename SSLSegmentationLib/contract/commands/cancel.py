"""`sslseg cancel DIR`: asks a job to stop, and waits until it has."""

from __future__ import annotations

import argparse
import sys

from SSLSegmentationLib.contract.client import attach
from SSLSegmentationLib.contract.commands.output import print_json
from SSLSegmentationLib.contract.errors import SSLSegmentationError


def run(arguments: argparse.Namespace) -> int:
    """Prints the job's state after it. A job that has ended already is left as it is.

    Errors: `job.not_a_job`; `job.in_use` where it has not stopped in time.
    """
    job = attach(arguments.folder)
    if job.state() == "running":
        job.folder.request_cancel()
        state = job.wait(arguments.wait)
        if state == "running" and arguments.force:
            state = job.cancel()
        if state == "running":
            raise SSLSegmentationError(
                "job.in_use",
                f"The job in {job.folder.path} has not stopped in {arguments.wait:g} s.",
                hint="Wait for it, or add --force.",
            )
        job.folder.clear_cancel()
    if arguments.json:
        print_json(job.as_dict())
    else:
        sys.stdout.write(f"{job.folder.path}: {job.state()}\n")
    return 0
