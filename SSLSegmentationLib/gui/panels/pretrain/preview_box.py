"""The preview of the panel Pretrain: a slice before and after corruption; it follows the controls and the slice views."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

import qt
import slicer

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.pretrain.state import PretrainState
from SSLSegmentationLib.gui.pretext_preview import Masks, Preview, preview_slice, slice_axis_of
from SSLSegmentationLib.gui.scene import display, slice_views, volumes
from SSLSegmentationLib.gui.scene.nodes import node_by_id
from SSLSegmentationLib.gui.scene.observing import Observers
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.picture import Pictures

# Changes that come faster than this are drawn once.
WAIT_MILLISECONDS = 80
_SLIDER_STEPS = 1000


class PreviewBox:
    """`state` gives the panel's state, `save` keeps it, `config` gives the checked config of the training."""

    def __init__(
        self,
        session: Session,
        connections: Connections,
        *,
        state: Callable[[], PretrainState],
        save: Callable[[], None],
        config: Callable[[], Config],
    ) -> None:
        self._session, self._state, self._save, self._config = session, state, save, config
        self.widget = qt.QGroupBox(_("Preview"))
        rows = form.Form(self.widget)
        self.volume = rows.add(
            _("Volume"),
            form.node_selector(["vtkMRMLScalarVolumeNode"], optional=True, none_text=_("the one on screen")),
            _("The scan that is shown here. It follows the slice view that looks along its slices."),
        )
        self.slider = rows.add(_("Slice"), qt.QSlider(qt.Qt.Horizontal), _("Which slice is shown, from the first to the last."))
        self.slider.setRange(0, _SLIDER_STEPS)
        self._rows = rows
        self.pictures = Pictures([_("Original"), _("Corrupted")])
        rows.add_wide(self.pictures.widget)
        self.text = rows.add_wide(form.note())
        self.another_button = form.button(_("Another mask"), _("Places the patches anew; training uses many such masks."))
        self.difference_button = form.button(_("Difference"), _("Shows what was changed instead of the corrupted slice."))
        self.difference_button.setCheckable(True)
        rows.add_wide(form.row(self.another_button, self.difference_button))
        self.preview: Optional[Preview] = None
        self.operation: Optional[Operation[Preview]] = None
        self._masks = Masks()
        self._observers = Observers()
        self._observed: List[Any] = []
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MILLISECONDS)
        connections.add(self._timer, "timeout()", self.refresh)
        connections.add(self.volume, "currentNodeChanged(vtkMRMLNode*)", self._volume_chosen)
        connections.add(self.slider, "valueChanged(int)", self._slice_chosen)
        connections.add(self.another_button, "clicked()", self._another)
        connections.add(self.difference_button, "toggled(bool)", self._draw)

    def show_state(self) -> None:
        """Writes the state to the controls, without sending it back."""
        for control in (self.volume, self.slider):
            blocked = control.blockSignals(True)
            if control is self.volume:
                control.setCurrentNodeID(self._state().volume)
            else:
                control.setValue(round(self._state().slice_share * _SLIDER_STEPS))
            control.blockSignals(blocked)
        self.schedule()

    def schedule(self) -> None:
        """Draws anew in a moment."""
        self._timer.start()

    def leave(self) -> None:
        """Another module is shown: the slice views are no longer followed."""
        self._timer.stop()
        self._observers.remove_all()
        self._observed = []

    def close(self) -> None:
        """Nothing is called any more."""
        self.leave()
        self.pictures.close()

    def refresh(self) -> None:
        """Draws the slice that is shown now; only where someone can see it."""
        if not self.widget.isVisible():
            return
        if self.operation is not None:
            self.operation.cancel()
        volume = self.shown_volume()
        if volume is None:
            self._say(_("Load a volume to see what the task does to it."))
            return
        try:
            config = self._config()
            index = self._index(volume, config)
        except SSLSegmentationError as error:
            self._failed(error)
            return
        steps = preview_slice(volume, config, index=index, share=self._state().slice_share, masks=self._masks)
        note = _other_modality(volume, config)
        self.operation = self._session.run(steps, on_done=lambda preview: self._done(preview, note), on_error=self._failed)

    def shown_volume(self) -> Any:
        """The volume that was chosen, else the one on screen, else the first one; None without any."""
        chosen = node_by_id(self._state().volume)
        if chosen is not None:
            return chosen
        loaded = volumes.all_volumes()
        return display.shown_volume() or (loaded[0] if loaded else None)

    def _index(self, volume: Any, config: Config) -> Optional[int]:
        """The slice on screen; None where no view shows one, or one beside the volume: then the slider counts."""
        _name, axis, flipped = slice_axis_of(volume, config)
        view = slice_views.view_along(volume, axis)
        self._observe(view)
        index = None if view is None else slice_views.index_shown(view, volume, axis)
        self._rows.set_visible(self.slider, index is None)
        if index is None:
            return None
        return slice_views.length(volume, axis) - 1 - index if flipped else index

    def _observe(self, view: Any) -> None:
        wanted = [view] if view is not None else []
        wanted += slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        if wanted == self._observed:
            return
        self._observers.remove_all()
        self._observed = wanted
        for node in wanted:
            self._observers.add(node, "ModifiedEvent", self.schedule)

    def _done(self, preview: Preview, note: str) -> None:
        self.operation, self.preview = None, preview
        self._draw()
        text = _("{share:.0f} % of the values displaced, patches of {size} voxels. Slice {number} of {count}, {plane}.").format(
            share=preview.displaced * 100,
            size=preview.patch_size,
            number=preview.index + 1,
            count=preview.count,
            plane=preview.slice_axis,
        )
        self._say(f"{text} {note}".strip(), keep=True)

    def _draw(self) -> None:
        if self.preview is None:
            return
        difference = bool(self.difference_button.checked)
        self.pictures.set_title(1, _("Difference") if difference else _("Corrupted"))
        shown = self.preview.difference if difference else self.preview.corrupted
        self.pictures.show([self.preview.original, shown], spacing=self.preview.spacing)

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        if error.code != "job.cancelled":
            self._say(f"{error.message} {error.hint}".strip())

    def _say(self, text: str, *, keep: bool = False) -> None:
        if not keep:
            self.preview = None
            self.pictures.clear()
        self.pictures.widget.setVisible(keep)
        self.text.setText(text)

    def _volume_chosen(self) -> None:
        self._state().volume = self.volume.currentNodeID or ""
        self._save()
        self.schedule()

    def _slice_chosen(self) -> None:
        self._state().slice_share = int(self.slider.value) / _SLIDER_STEPS
        self._save()
        self.schedule()

    def _another(self) -> None:
        self._state().seed += 1
        self._save()
        self.schedule()


def _other_modality(volume: Any, config: Config) -> str:
    """A word of doubt where the volume is of another modality than the training; "" where it is not, or does not say."""
    own = volumes.modality_of(volume)
    if own in ("", config.data.modality):
        return ""
    text = _("This volume is {own}, but 'Scans' says {chosen}: it is shown as {chosen}.")
    return text.format(own=own.upper(), chosen=config.data.modality.upper())
