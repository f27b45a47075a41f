"""A warm process that runs command lines one after another, and the client that follows it."""

from SSLSegmentationLib.contract.worker.client import Worker
from SSLSegmentationLib.contract.worker.request import Request

__all__ = ["Request", "Worker"]
