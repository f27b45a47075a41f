"""Scans: which scans are there to learn from, and which of them are labelled."""
