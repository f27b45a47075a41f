"""What the module adds to Slicer's other modules once Slicer is up: sample data, and the names of fats that it lacks.

Nothing here keeps Slicer from starting: where a module is missing, what it would have shown is left out.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Callable, List

import slicer

from SSLSegmentationLib.gui.samples import HIPPOCAMPUS, PHANTOMS, Sample
from SSLSegmentationLib.gui.texts import _

CATEGORY = "SSLSegmentation"
# Nothing is fetched from such an address: phantoms are computed. Sample Data wants one for each sample.
PHANTOM_ADDRESS = "sslsegmentation-phantom:{kind}-{seed}"

_LOG = logging.getLogger(__name__)


def register(resources: Path) -> None:
    """Called once Slicer has started; `resources` is the module's folder of that name."""
    register_terminologies(resources / "Terminologies")
    register_samples(resources)


def register_terminologies(folder: Path) -> List[str]:
    """Loads the terminology files of a folder; gives the names of their contexts, as segments' terminology has them."""
    module = getattr(getattr(slicer, "modules", None), "terminologies", None)
    logic = module.logic() if module is not None else None
    if logic is None:
        _LOG.info("There is no module Terminologies; the names of fats are left out.")
        return []
    loaded = [logic.LoadTerminologyFromFile(str(path)) for path in sorted(folder.glob("*.term.json"))]
    return [name for name in loaded if name]


def register_samples(resources: Path) -> None:
    """Puts the samples into the module Sample Data, where a press of their button makes or downloads them."""
    try:
        import SampleData
    except ImportError:
        _LOG.info("There is no module Sample Data; the samples are left out.")
        return
    icons = resources / "Icons"
    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):
        logic.registerCustomSampleDataCategory(CATEGORY, _("SSL Segmentation"))
    for sample in PHANTOMS.values():
        address = PHANTOM_ADDRESS.format(kind=sample.kind, seed=sample.seed)
        checksum = f"SHA256:{sample.sha256}"
        _register(logic, icons, sample.title, uri=address, file=sample.kind, checksum=checksum, load=_phantom_loader(sample))
    _register(
        logic,
        icons,
        HIPPOCAMPUS.title,
        uri=HIPPOCAMPUS.url,
        file=f"{HIPPOCAMPUS.name}.tar",
        checksum=HIPPOCAMPUS.checksum,
        load=_hippocampus_loader(resources / "Checksums" / f"{HIPPOCAMPUS.name}.sha256"),
    )


def _register(logic: Any, icons: Path, title: str, *, uri: str, file: str, checksum: str, load: Callable[[Any], None]) -> None:
    # Only keywords that every supported version has: that of the file type was renamed after 5.6.
    logic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=title,
        uris=uri,
        fileNames=file,
        nodeNames=title,
        checksums=checksum,
        customDownloader=load,
        thumbnailFileName=str(icons / "SSLSegmentation.png"),
    )


def _phantom_loader(sample: Sample) -> Callable[[Any], None]:
    def load(source: Any) -> None:
        # Only now: Slicer's start does not wait for what this needs.
        from SSLSegmentationLib.gui import sample_buttons

        sample_buttons.make_phantom(sample)

    return load


def _hippocampus_loader(checksums: Path) -> Callable[[Any], None]:
    def load(source: Any) -> None:
        from SSLSegmentationLib.gui import sample_buttons

        sample_buttons.load_hippocampus(checksums)

    return load
