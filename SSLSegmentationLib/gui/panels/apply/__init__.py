"""Apply: scans and a model to segmentations."""
