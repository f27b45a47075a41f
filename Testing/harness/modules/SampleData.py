"""Notes which sample data a module registers; downloads nothing."""

from __future__ import annotations

from typing import Any


class SampleDataLogic:
    registered: list[dict[str, Any]] = []

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
        loadFileProperties: Any = None,
        checksums: Any = None,
    ) -> None:
        """The parameters that Slicer 5.6 knows."""
        SampleDataLogic.registered.append({"category": category, "sampleName": sampleName, **_given(locals())})


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
