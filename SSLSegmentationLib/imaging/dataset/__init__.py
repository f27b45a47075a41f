"""Finding cases (subject, channels, label, problems) and deciding who is used for what."""

from SSLSegmentationLib.imaging.dataset.case_list import CaseList
from SSLSegmentationLib.imaging.dataset.finding import find_cases
from SSLSegmentationLib.imaging.dataset.loading import read_case, read_case_label
from SSLSegmentationLib.imaging.dataset.selection import TrainingCases, training_cases

__all__ = ["CaseList", "TrainingCases", "find_cases", "read_case", "read_case_label", "training_cases"]
