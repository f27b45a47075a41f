"""The papers whose methods this package implements; their citations go into every model card."""

from __future__ import annotations

CITATIONS = (
    "Dominic J, Bhaskhar N, Desai AD, Schmidt A, Rubin E, Gunel B, Gold GE, Hargreaves BA, Lenchik L, Boutin R, "
    "Chaudhari AS. Improving Data-Efficiency and Robustness of Medical Imaging Segmentation Using Inpainting-Based "
    "Self-Supervised Learning. Bioengineering 2023; 10(2): 207. doi:10.3390/bioengineering10020207",
    "Umapathy L, Fu Z, Philip R, Martin D, Altbach M, Bilgin A. Learning to segment with limited annotations: "
    "Self-supervised pretraining with regression and contrastive loss in MRI. arXiv:2205.13109, 2022",
    "Zhang X, Feng S, Zhou Y, Zhang Y, Wang Y. SAR: Scale-Aware Restoration Learning for 3D Tumor Segmentation. "
    "MICCAI 2021. arXiv:2010.06107",
    "Dhere A, Sivaswamy J. Self-Supervised Learning for Segmentation. arXiv:2101.05456, 2021",
)
