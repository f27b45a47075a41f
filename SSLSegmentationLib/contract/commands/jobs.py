"""`sslseg jobs DIR`: the jobs in a folder and their states."""

from __future__ import annotations

import argparse
import sys

from SSLSegmentationLib.contract.client import list_jobs
from SSLSegmentationLib.contract.commands.output import print_json, print_table


def run(arguments: argparse.Namespace) -> int:
    """Prints one line a job. Errors: `data.missing`."""
    jobs = [job.as_dict() for job in list_jobs(arguments.folder)]
    if arguments.json:
        print_json(jobs)
    elif not jobs:
        sys.stdout.write(f"There is no job in {arguments.folder}.\n")
    else:
        rows = []
        for job in jobs:
            error = job.get("error") or {}
            rows.append((job["path"], job["state"], job.get("command", ""), job.get("started", ""), error.get("message", "")))
        print_table(rows, header=("job", "state", "command", "started", "last error"))
    return 0
