"""Biomarkers: a segmentation to a table."""
