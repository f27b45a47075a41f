"""Scans to try the module with: facts only, so that naming them to Slicer costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict


@dataclass(frozen=True)
class Sample:
    """A phantom: `kind` and `seed` decide every voxel. `sha256` is that of its content (`content_digest`)."""

    kind: str
    seed: int
    title: str
    sha256: str


@dataclass(frozen=True)
class Archive:
    """A public data set: `checksum` is `<algorithm>:<digest>` of the file behind `url`, as its publisher gives it."""

    name: str
    title: str
    url: str
    checksum: str


PHANTOMS: Dict[str, Sample] = {
    "ct": Sample("ct_body", 1, "SSLSegmentation CT phantom", "c10b279f0264be6d7ff67d2d7e259a06ee0b7eb8b5d56755e9f123e2d8068ff3"),
    "knee": Sample(
        "knee_mri", 1, "SSLSegmentation knee MRI phantom", "e75cf92291971650700da22a4e276f1e1211260c7251e6f3c699ebaaf8d4470c"
    ),
}
# The hippocampus task of the Medical Segmentation Decathlon. Of the archive only an MD5 is published; the SHA-256 of 195
# of its labelled pairs are in the module's Resources/Checksums, and are checked when they are unpacked.
HIPPOCAMPUS = Archive(
    "Task04_Hippocampus",
    "MSD hippocampus MRI",
    "https://msd-for-monai.s3-us-west-2.amazonaws.com/Task04_Hippocampus.tar",
    "MD5:9d24dba78a72977dbd1d2e110310f31b",
)
