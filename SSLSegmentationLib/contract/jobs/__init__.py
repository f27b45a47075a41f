"""Job folders: their files, state and lock, and the run that holds the lock."""

from __future__ import annotations

from SSLSegmentationLib.contract.jobs.folder import JobFolder, JobStatus
from SSLSegmentationLib.contract.jobs.lock import FileLock
from SSLSegmentationLib.contract.jobs.run import JobRun

__all__ = ["FileLock", "JobFolder", "JobRun", "JobStatus"]
