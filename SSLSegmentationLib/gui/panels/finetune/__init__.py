"""Fine-tune: labelled scans, and a model to start from or none, to a segmentation model."""
