"""Stands in for Slicer's module SampleData, with the signatures of 5.6 and of later versions and their checks."""

from __future__ import annotations

import types
from typing import Any


class Source:
    """As Slicer's: texts become lists of one, all of the same length."""

    def __init__(self, **facts: Any) -> None:
        for name in ("uris", "fileNames", "nodeNames", "checksums"):
            value = facts[name]
            setattr(self, name, [value] if isinstance(value, str) else value)
        self.sampleName = facts["sampleName"]
        self.customDownloader = facts["customDownloader"]
        self.thumbnailFileName = facts["thumbnailFileName"]
        assert len(self.uris) == len(self.fileNames) == len(self.nodeNames) == len(self.checksums)


def sample_data_module(*, version: str) -> tuple[types.ModuleType, dict[str, list[Source]], dict[str, str]]:
    """The module, what was registered by category, and the titles of categories."""
    registered: dict[str, list[Source]] = {}
    titles: dict[str, str] = {}

    class OldLogic:
        @staticmethod
        def registerCustomSampleDataSource(
            category: str = "Custom",
            sampleName: Any = None,
            uris: Any = None,
            fileNames: Any = None,
            nodeNames: Any = None,
            customDownloader: Any = None,
            thumbnailFileName: Any = None,
            loadFileType: str = "VolumeFile",
            loadFiles: Any = None,
            loadFileProperties: Any = None,
            checksums: Any = None,
        ) -> None:
            facts = {key: value for key, value in locals().items() if key != "category"}
            registered.setdefault(category, []).append(Source(**facts))

    class NewLogic(OldLogic):
        @staticmethod
        def registerCustomSampleDataSource(
            category: str = "Custom",
            loadFileTypes: Any = None,
            loadFileType: Any = None,
            **facts: Any,
        ) -> None:
            assert loadFileType is None or loadFileTypes is None
            OldLogic.registerCustomSampleDataSource(category, **facts)

        @staticmethod
        def registerCustomSampleDataCategory(category: str, title: str) -> None:
            titles[category] = title

    module = types.ModuleType("SampleData")
    module.SampleDataLogic = OldLogic if version == "5.6" else NewLogic  # type: ignore[attr-defined]  # a module made for the test
    return module, registered, titles
