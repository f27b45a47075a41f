"""Reading scans and label maps; whatever is not sound is refused by name before an array is returned."""

from SSLSegmentationLib.imaging.readers.label_map import read_label_map
from SSLSegmentationLib.imaging.readers.opening import READERS, read_geometry, read_scan

__all__ = ["READERS", "read_geometry", "read_label_map", "read_scan"]
