"""`sslseg predict --check`: whether scans can be segmented, and look like those the model was trained on. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from SSLSegmentationLib.contract.errors import EXIT_DATA, SSLSegmentationError
from SSLSegmentationLib.contract.model_card import ModelCard
from SSLSegmentationLib.contract.reporting import Following, Reporter
from SSLSegmentationLib.imaging.familiarity import differences, scan_facts
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan, open_prepared
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.learning.prediction.inputs import InputCase


def checked_cases(
    cases: Sequence[InputCase], card: ModelCard, plan: PreprocessPlan, *, reporter: Reporter
) -> Iterator[tuple[InputCase, list[str] | SSLSegmentationError]]:
    """Each case with what sets it apart from the training scans, or with the error of one that can't be used."""
    following = Following(reporter, total=len(cases))
    for case in cases:
        following.begin()
        try:
            scans = [read_scan(path) for path in case.paths]
            open_prepared(scans, plan)
        except SSLSegmentationError as error:
            if error.exit_code != EXIT_DATA:
                raise
            yield case, error
        else:
            yield case, differences(scan_facts(scans), card.intensity, modality=card.modality)
