"""Data sets that are a folder of images and a folder of label maps with the same names."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.dataset.case_list import CaseList, scan_files
from SSLSegmentationLib.imaging.scan import Case


def folder_cases(images: Path, labels: Optional[Path]) -> CaseList:
    """Cases paired by equal stem. An image without a label map is a case without label; the reverse is `data.unpaired`."""
    image_files = scan_files(images, what="images")
    label_files = scan_files(labels, what="label maps") if labels is not None else {}
    lonely = sorted(set(label_files) - set(image_files))
    if lonely:
        raise SSLSegmentationError(
            "data.unpaired",
            f"{counted(len(lonely), 'label map has', 'label maps have')} no image of the same name: {labels} has "
            f"{', '.join(lonely[:5])}, {images} has not.",
        )
    cases = tuple(
        Case(id=name, subject=name, images=(file,), label=label_files.get(name), volumes=(None,))
        for name, file in image_files.items()
    )
    return CaseList(cases=cases)
