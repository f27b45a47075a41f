"""A script as a person writes it for a Python that has Slicer's scene and no application: run by a test as a process."""

import sys

import slicer

from SSLSegmentationLib.gui import api
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
from SSLSegmentationLib.imaging.phantoms import make_phantom


def main(backend: str) -> None:
    assert not hasattr(slicer, "app")
    api.use_backend(backend)
    phantom = make_phantom("ct_body", seed=1, shape=(4, 48, 48))
    volume = Operation(volume_from_scan(phantom.scans["ct"], "CT")).wait()
    labels = phantom.label_map
    Operation(create_segmentation(volume, name="truth", label_map=labels.array, tissues=labels.tissues, tags={})).wait()
    print(api.preview(volume, settings={"pretext.patch_size": 4}))
    print(api.measure("truth", "CT"))
    operation = api.measure("truth", on_done=lambda measurement: print("done", measurement["muscle"]["voxels"]))
    while operation.step():
        pass
    print(api.runs())


if __name__ == "__main__":
    main(sys.argv[1])
