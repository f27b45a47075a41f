"""A picture of a scan with its label map over it: python scripts/overlay.py SCAN LABELS PICTURE.png (the middle slice)."""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np

from SSLSegmentationLib.imaging.readers import read_label_map, read_scan

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen


def main(scan_path: str, labels_path: str, picture: str) -> None:
    """Writes `picture`: the scan alone, and with the tissues in their colours and a legend."""
    scan = read_scan(scan_path)
    labels = read_label_map(labels_path, onto=scan.geometry)
    middle = scan.array.shape[0] // 2
    image, label = scan.array[middle].astype(float), labels.array[middle]
    low, high = np.percentile(image, (2, 98))
    color = np.zeros((*label.shape, 4))
    for tissue in labels.tissues:
        color[label == tissue.value] = (*(channel / 255 for channel in tissue.color), 0.55)
    figure, panels = plt.subplots(1, 2, figsize=(11, 5.5), layout="constrained")
    for panel, title in zip(panels, ("scan", "segmentation"), strict=True):
        panel.imshow(image, cmap="gray", vmin=low, vmax=high)
        panel.set_title(title)
        panel.axis("off")
    panels[1].imshow(color)
    present = [tissue for tissue in labels.tissues if (label == tissue.value).any()]
    patches = [plt.Rectangle((0, 0), 1, 1, color=[channel / 255 for channel in tissue.color]) for tissue in present]
    panels[1].legend(patches, [tissue.name for tissue in present], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
