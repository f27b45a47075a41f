"""Pretrain: unlabelled scans to a pretrained model, with a look at what the pretext task does to a scan."""
