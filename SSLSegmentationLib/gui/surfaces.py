"""The surfaces of a segmentation in the 3D views: the local worker computes them, so that no window stands still."""

from __future__ import annotations

import shutil
from typing import Any, Dict, Mapping

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.surfaces import (
    Made,
    Source,
    add_surfaces,
    convert_in_slicer,
    load_surface,
    missing_surfaces,
    own_settings,
    save_labelmap,
)
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging.surface import SurfaceSettings


def show_in_3d(session: Session, segmentation: Any, *, shown: bool) -> Steps[Any]:
    """Shows the surfaces of a segmentation in the 3D views, which makes those that are missing, or hides them.

    Gives the node. Raises `data.missing` where it is no longer in the scene, and as `make_surfaces`.
    """
    require_in_scene(segmentation)
    if shown:
        yield from make_surfaces(session, segmentation)
    display.show_in_3d(segmentation, shown=shown)
    return segmentation


def make_surfaces(session: Session, segmentation: Any) -> Steps[None]:
    """Makes the closed surfaces that a segmentation lacks, as Slicer would; the scene is changed in the last step only.

    What is edited on the way is made anew. Where the segmentation asks for a conversion of another kind, Slicer does it,
    a segment a step. Raises `data.missing` where the node is removed on the way, and what `sslseg surface` raises.
    """
    made: Dict[str, Made] = {}
    while True:
        require_in_scene(segmentation)
        missing = missing_surfaces(segmentation, made)
        if not missing:
            break
        one, source = next(iter(missing.items()))
        settings = own_settings(segmentation, source.data)
        if settings is None:
            made[one] = convert_in_slicer(segmentation, source)
        else:
            sharing = {other: each for other, each in missing.items() if each.data is source.data}
            made.update((yield from _have_made(session, source.data, sharing, settings)))
        yield Progress(_("Making the surfaces"))
    add_surfaces(segmentation, made)


def _have_made(session: Session, data: Any, sources: Mapping[str, Source], settings: SurfaceSettings) -> Steps[Dict[str, Made]]:
    """The surfaces of segments that share the labelmap `data`, computed by the local worker."""
    session.local.warm()
    folder = session.new_folder("surfaces")
    try:
        labels = yield from save_labelmap(data, folder / "labels.nrrd")
        words = ["surface", str(labels), "--output", str(folder)]
        words += [f"--label={label}" for label in sorted({source.label for source in sources.values()})]
        words += [f"--smoothing={settings.smoothing!r}", f"--decimation={settings.decimation!r}"]
        words += [] if settings.normals else ["--no-normals"]
        yield from request_steps(session.local, words, _("Making the surfaces"))
        made: Dict[str, Made] = {}
        for one, source in sources.items():
            made[one] = Made(source, (yield from load_surface(folder, source.label)))
        return made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
