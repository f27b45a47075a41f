"""Prepared scans on disk: made once, memory-mapped, keyed by content and settings."""

from __future__ import annotations

from SSLSegmentationLib.imaging.cache.building import build_cache
from SSLSegmentationLib.imaging.cache.entry import CachedCase
from SSLSegmentationLib.imaging.cache.folder import default_folder

__all__ = ["CachedCase", "build_cache", "default_folder"]
