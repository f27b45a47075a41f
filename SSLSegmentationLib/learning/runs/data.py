"""What a run learns from: cases found, preprocessing planned, arrays cached."""

from __future__ import annotations

from dataclasses import dataclass, replace

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.contract.model_card import ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.cache import CachedCase, build_cache
from SSLSegmentationLib.imaging.dataset import TrainingCases, training_cases
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan, plan_preprocessing, training_shape
from SSLSegmentationLib.imaging.readers import read_geometry
from SSLSegmentationLib.imaging.scan import Case
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.networks.unet import auto_levels

# Names of scans that a message gives.
MOST_NAMED = 3


@dataclass(frozen=True)
class RunData:
    """The cases of a run as cached arrays, and what was decided from them."""

    config: Config
    cases: TrainingCases
    plan: PreprocessPlan
    train: tuple[CachedCase, ...]
    validation: tuple[CachedCase, ...]
    shape: tuple[int, ...]

    @property
    def tissues(self) -> TissueTable:
        return self.cases.tissues

    def source(self, cases: tuple[CachedCase, ...]) -> BatchSource:
        """Batches of the training shape from `cases`."""
        return BatchSource(cases, shape=self.shape, neighbour_slices=self.plan.neighbour_slices)

    def network_plan(self, *, outputs: int) -> dict[str, int | str]:
        """The plan that `build_network` takes."""
        network = self.config.network
        levels = network.levels if isinstance(network.levels, int) else auto_levels(self.shape)
        return {
            "name": network.name,
            "dims": network.dims,
            "base_width": network.base_width,
            "levels": levels,
            "in_channels": self.source(self.train).channels,
            "out_channels": outputs,
        }


def load_run_data(job: JobRun, config: Config, *, purpose: str) -> RunData:
    """Finds, plans and caches for "pretrain" or "finetune"; tells the job each phase, and warns of each case left out."""
    job.emit("phase", name="find_cases")
    cases = training_cases(config, purpose=purpose)
    for warning in cases.warnings:
        job.warn(warning)
    plan = plan_preprocessing(config, [read_geometry(case.images[0]) for case in cases.train], channels=len(cases.channels))
    job.emit("phase", name="preprocess", cases=len(cases.train) + len(cases.validation))
    tissues = cases.tissues if purpose == "finetune" else None
    train = _cached(job, config, cases.train, plan, tissues)
    validation = _cached(job, config, cases.validation, plan, tissues)
    if not train:
        raise SSLSegmentationError("data.no_cases", "None of the training cases can be used.")
    if tissues is not None:
        _check_tissues(job, train, tissues)
    shape = training_shape(config, [_sizes(case) for case in train])
    job.emit("phase", name="data_ready", train=len(train), validation=len(validation), training_shape=list(shape))
    return RunData(config, cases, plan, train, validation, shape)


def _cached(
    job: JobRun, config: Config, cases: tuple[Case, ...], plan: PreprocessPlan, tissues: TissueTable | None
) -> tuple[CachedCase, ...]:
    cached = build_cache(
        cases,
        plan,
        tissues=tissues,
        folder=config.preprocess.cache,
        workers=config.preprocess.workers,
        on_progress=lambda done, total: job.progress(done, total, None, phase="preprocess"),
        cancelled=job.cancel_requested,
        on_problem=None if config.data.strict else lambda case, error: job.warn(f"{case.id} is left out: {error.message}"),
    )
    for case in cached:
        for warning in case.warnings:
            job.warn(f"{case.id}: {warning}")
    return cached


def _check_tissues(job: JobRun, train: tuple[CachedCase, ...], tissues: TissueTable) -> None:
    """Warns of tissues that no training case has a voxel of; raises `data.no_cases` where none has any."""
    missing = [tissue for number, tissue in enumerate(tissues) if not any(len(case.class_slices[number]) for case in train)]
    if not missing:
        return
    names = ", ".join(f"{tissue.name} ({tissue.value})" for tissue in missing)
    cases = ", ".join(case.id for case in train[:MOST_NAMED]) + (", …" if len(train) > MOST_NAMED else "")
    if len(missing) == len(tissues):
        raise SSLSegmentationError(
            "data.no_cases",
            f"The label maps of the {counted(len(train), 'training case')} ({cases}) are empty: none holds a voxel of {names}.",
            hint="Check that these are the right label maps, and that they hold the values of the tissue table.",
        )
    job.warn(
        f"No label map of the {counted(len(train), 'training case')} ({cases}) holds a voxel of {names}: "
        "the model can't learn that. Label it in a training case, or take it out of the tissue table."
    )


def _sizes(case: CachedCase) -> tuple[int, int, int]:
    _, slices, rows, columns = case.image.shape
    return slices, rows, columns


def follow_pretrained(config: Config, card: ModelCard) -> Config:
    """The config whose open questions ("auto") are answered as the pretrained model's were."""
    preprocess, network = config.preprocess, config.network
    plan = PreprocessPlan.from_dict(card.preprocessing)
    if preprocess.slice_axis == "auto":
        preprocess = replace(preprocess, slice_axis=plan.slice_axis)
    if preprocess.spacing == "auto" and plan.spacing is not None:
        preprocess = replace(preprocess, spacing=plan.spacing)
    if preprocess.neighbour_slices == "auto":
        preprocess = replace(preprocess, neighbour_slices=plan.neighbour_slices)
    if network.levels == "auto":
        network = replace(network, levels=int(card.network["levels"]))
    return replace(config, preprocess=preprocess, network=network)
