"""A model, loaded once, and what it makes of scans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.imaging.familiarity import differences, scan_facts
from SSLSegmentationLib.imaging.preprocess import PreparedSource, open_prepared
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.learning.device import decide_device, device_of_torch, find_cuda
from SSLSegmentationLib.learning.model_package import load_networks
from SSLSegmentationLib.learning.precision import decide_precision
from SSLSegmentationLib.learning.prediction.assembly import FloatArray, LabelAssembly
from SSLSegmentationLib.learning.prediction.memory import images_at_once, resident_bytes
from SSLSegmentationLib.learning.prediction.plan import read_plan
from SSLSegmentationLib.learning.prediction.probabilities import ProbabilityModel
from SSLSegmentationLib.learning.prediction.slabs import Probabilities, Slab, slice_slabs, volume_slab
from SSLSegmentationLib.learning.prediction.sliding_window import fits_whole, window_slabs


@dataclass(frozen=True)
class Prediction:
    """What a model says of one case, on the scan's own grid.

    `probabilities` are those of the tissues, float32 (tissues, slices, rows, columns) in the order of the tissue table,
    or None. `warnings` say how the scan differs from what the model was trained on.
    """

    label_map: LabelMap
    probabilities: FloatArray | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Opened:
    """A case ready to be computed."""

    source: PreparedSource
    warnings: tuple[str, ...]


class Predictor:
    """Loads the model at `model_path` (folder, .zip or job folder) once.

    `device` is auto, cpu, cuda or cuda:<number>; `memory_bytes` bounds what the process may take on a CPU, and what it
    takes on a graphics card; `precision` is auto, float32, bfloat16 or float16. `warnings` say what a person should know of
    where it computes.
    Raises `model.invalid`, `model.incompatible`, `job.no_model` or `environment.no_device`.
    """

    def __init__(
        self, model_path: PathLike, *, device: str = "auto", memory_bytes: int | None = None, precision: str = "auto"
    ) -> None:
        cuda = find_cuda()
        name, warning = device_of_torch(decide_device(device, cuda=cuda), wanted=device)
        self.warnings = (warning,) if warning else ()
        self.device = torch.device(name)
        self.card, networks = load_networks(model_path, self.device)
        self.plan = read_plan(self.card, source=str(model_path))
        self._memory_bytes = memory_bytes
        number_format = decide_precision(precision, device=name, cuda=cuda)
        self._model = ProbabilityModel(networks, self.card.activation, self.device, number_format, self.card.training_shape)

    def open(self, scans: Sequence[Scan]) -> Opened:
        """Checks and prepares one case without computing; `scans` are its channels in the model's order.

        Raises `data.unpaired_channels`, `data.grid_mismatch` or `data.not_finite`, naming the file.
        """
        source = open_prepared(scans, self.plan)
        own = [warning for scan in scans for warning in scan.warnings]
        strange = differences(scan_facts(scans), self.card.intensity, modality=self.card.modality)
        return Opened(source, (*own, *source.warnings, *strange))

    def predict(self, scans: Sequence[Scan], *, probabilities: bool = False) -> Prediction:
        """Label map (and `probabilities` if asked for) of one case. Raises as `open`, and `memory.*` where memory ends."""
        return self.compute(self.open(scans), probabilities=probabilities)

    def compute(
        self,
        opened: Opened,
        *,
        probabilities: bool = False,
        on_progress: Callable[[float], None] | None = None,
        check_cancelled: Callable[[], None] | None = None,
    ) -> Prediction:
        """As `predict`, of a case that was opened before; `on_progress` is told the share that is done.

        `check_cancelled` is called before each batch of images and raises what ends the prediction.
        """
        grid = opened.source.grid
        assembly = LabelAssembly(
            grid, tissues=self.card.tissues, activation=self.card.activation, keep_probabilities=probabilities
        )
        for slab in self._slabs(opened.source, self._asking(check_cancelled)):
            assembly.add(slab)
            if on_progress is not None:
                on_progress((slab.start + slab.values.shape[1]) / grid.shape[0])
        label_map = LabelMap(assembly.labels, grid.geometry, self.card.tissues)
        return Prediction(label_map, assembly.probabilities, opened.warnings)

    def _asking(self, check_cancelled: Callable[[], None] | None) -> Probabilities:
        """The model, which asks first."""
        if check_cancelled is None:
            return self._model

        def model(images: torch.Tensor) -> torch.Tensor:
            check_cancelled()
            return self._model(images)

        return model

    def _slabs(self, source: PreparedSource, model: Probabilities) -> Iterator[Slab]:
        _, depth, rows, columns = source.shape
        if self.card.network["dims"] == 2:
            # Smaller slices are padded to the training shape.
            padded = [max(side, own) for side, own in zip((rows, columns), self.card.training_shape, strict=True)]
            batch = self._at_once(padded[0] * padded[1])
            return slice_slabs(source, model, batch=batch, neighbour_slices=self.plan.neighbour_slices)
        window = (self.card.training_shape[0], self.card.training_shape[1], self.card.training_shape[2])
        if fits_whole((depth, rows, columns), window):
            self._at_once(depth * rows * columns)
            return iter([volume_slab(source, model)])
        # The sums of the weighted probabilities, half as much handed on, the weights, and the image that windows are cut from.
        maps = 1.5 * self.card.network["out_channels"] + 3 + self.card.network["in_channels"]
        held = int(maps * 4) * min(window[0], depth) * rows * columns
        batch = self._at_once(window[0] * window[1] * window[2], held=held)
        outputs = int(self.card.network["out_channels"])
        return window_slabs(source, model, window=window, batch=batch, outputs=outputs, device=self.device)

    def _at_once(self, voxels: int, *, held: int = 0) -> int:
        """Images computed at once; `held` bytes are needed beside them."""
        on_cpu = self.device.type == "cpu"
        free: int | None = None
        if self._memory_bytes is not None:
            used = resident_bytes() if on_cpu else torch.cuda.memory_allocated(self.device)
            free = self._memory_bytes - used - held
        return images_at_once(voxels, network=self.card.network, on_cpu=on_cpu, free_bytes=free)
