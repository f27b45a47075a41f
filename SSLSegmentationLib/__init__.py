"""SSLSegmentation: self-supervised pretraining, segmentation and biomarkers for medical scans (research use only)."""

__version__ = "0.1.0"
