"""The papers whose methods this package implements; their citations go into every model card."""

from __future__ import annotations

CITATIONS = (
    "Dominic J, Bhaskhar N, Desai AD, Schmidt A, Rubin E, Gunel B, Gold GE, Hargreaves BA, Lenchik L, Boutin R, "
    "Chaudhari AS. Improving Data-Efficiency and Robustness of Medical Imaging Segmentation Using Inpainting-Based "
    "Self-Supervised Learning. Bioengineering 2023; 10(2): 207. doi:10.3390/bioengineering10020207",
)
