"""The two kinds of training run, from an open job to its model package."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.files import write_text
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.contract.model_card import NO_ACTIVATION, SEGMENTATION, ModelCard
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.learning.allocation import keep_freed_memory
from SSLSegmentationLib.learning.device import device_of_torch, find_cuda
from SSLSegmentationLib.learning.finetuning import SegmentationTask, segmentation_outputs
from SSLSegmentationLib.learning.model_package import load_model, save_model
from SSLSegmentationLib.learning.networks import build_network
from SSLSegmentationLib.learning.precision import decide_precision
from SSLSegmentationLib.learning.pretext import TASKS
from SSLSegmentationLib.learning.pretraining import PretrainingTask
from SSLSegmentationLib.learning.randomness import integer_seed
from SSLSegmentationLib.learning.runs.batch_size import decide_batch_size
from SSLSegmentationLib.learning.runs.card import describe_model
from SSLSegmentationLib.learning.runs.data import RunData, follow_pretrained, load_run_data
from SSLSegmentationLib.learning.threads import set_threads
from SSLSegmentationLib.learning.training.checkpoint import find_resume_point, has_checkpoints
from SSLSegmentationLib.learning.training.early_stopping import EarlyStopping, stopping_of_finetuning, stopping_of_pretraining
from SSLSegmentationLib.learning.training.loop import LoopSettings, TrainingLoop
from SSLSegmentationLib.learning.training.task import Stage
from SSLSegmentationLib.learning.transfer import (
    check_networks,
    plan_stages,
    transfer_weights,
    transferred_parts,
    weights_of_parts,
)

# In the folder of checkpoints: the card of the pretrained model that the run began from.
PRETRAINED_CARD = "pretrained.json"


def pretrain(job: JobRun) -> None:
    """Unlabelled scans → a pretrained model in the job's model folder."""
    device = _prepare_torch(job)
    config = job.config
    task = TASKS[config.pretext.task]
    data = load_run_data(job, config, purpose="pretrain")
    prepared = task.prepare(config, shape=data.shape)
    job.emit("phase", name="pretext", task=config.pretext.task, **task.report(prepared))
    for warning in task.warnings(config, prepared):
        job.warn(warning)
    plan = data.network_plan(outputs=0)
    plan["out_channels"] = task.outputs(int(plan["in_channels"]))
    batch_size = decide_batch_size(job, network=plan, shape=data.shape, device=device)
    network = _seeded_network(config, plan)
    training = PretrainingTask(
        task,
        prepared,
        train=data.source(data.train),
        validation=data.source(data.validation) if data.validation else None,
        batch_size=batch_size,
        seed=config.seed,
        device=device,
    )
    module = task.build(network)
    loop = TrainingLoop(
        module=module,
        task=training,
        settings=_settings(
            job,
            data,
            batch_size=batch_size,
            stages=(Stage("train", 1.0, config.train.learning_rate),),
            stopping=stopping_of_pretraining(config, training_shape=data.shape),
        ),
        reporter=job,
    )
    weights = _train(job, loop)
    card = describe_model(
        data,
        loop.state,
        job=job,
        batch_size=batch_size,
        task=config.pretext.task,
        network=plan,
        activation=NO_ACTIVATION,
        tissues=TissueTable(()),
        pretext=dict(task.report(prepared)),
    )
    _write_model(job, card, _network_weights(network, module, weights))


def finetune(job: JobRun, *, pretrained: Path | None) -> None:
    """Labelled scans, and a pretrained model or none → a segmentation model in the job's model folder."""
    device = _prepare_torch(job)
    config = job.config
    start: ModelCard | None = None
    start_weights: Mapping[str, Tensor] | None = None
    if pretrained is not None:
        start, start_weights = _load_pretrained(job, pretrained)
        config = follow_pretrained(config, start)
    elif config.transfer.weights != "none":
        job.emit("phase", name="from_scratch", message="No pretrained model was given: all weights start at random.")
    data = load_run_data(job, config, purpose="finetune")
    plan = data.network_plan(outputs=segmentation_outputs(config, data.tissues))
    batch_size = decide_batch_size(job, network=plan, shape=data.shape, device=device)
    task = SegmentationTask(
        config,
        train=data.source(data.train),
        validation=data.validation,
        tissues=data.tissues,
        batch_size=batch_size,
        device=device,
    )
    network = _seeded_network(config, plan)
    transferred: tuple[str, ...] = ()
    if start is not None:
        check_networks(start.network, plan)
        _warn_of_other_preprocessing(job, start, data)
        parts = transferred_parts(config.transfer.weights, start, tissues=data.tissues, activation=task.activation)
        transferred = weights_of_parts(network, parts)
        if start_weights is not None:
            transfer_weights(network, start_weights, parts=parts)
            job.emit("phase", name="transfer", task=start.task, parts=list(parts), tensors=len(transferred))
    loop = TrainingLoop(
        module=network,
        task=task,
        settings=_settings(
            job,
            data,
            batch_size=batch_size,
            stages=plan_stages(config, transferred=transferred),
            stopping=stopping_of_finetuning(config),
        ),
        reporter=job,
    )
    weights = _train(job, loop)
    card = describe_model(
        data,
        loop.state,
        job=job,
        batch_size=batch_size,
        task=SEGMENTATION,
        network=plan,
        activation=task.activation,
        tissues=data.tissues,
        pretrained=start,
    )
    _write_model(job, card, weights)


def _load_pretrained(job: JobRun, path: Path) -> tuple[ModelCard, Mapping[str, Tensor] | None]:
    """The pretrained model's card, and its weights unless the run goes on from a checkpoint, which has them.

    The card is kept beside the checkpoints: from then on the pretrained model may be moved or deleted.
    """
    kept = job.folder.checkpoint / PRETRAINED_CARD
    if job.resumed and kept.is_file() and has_checkpoints(job):
        return ModelCard.from_json(kept.read_text(encoding="utf-8"), source=str(kept)), None
    card, weights = load_model(path)
    write_text(kept, card.as_json())
    return card, weights


def _prepare_torch(job: JobRun) -> torch.device:
    set_threads(int(job.decided["threads"]))
    device, warning = device_of_torch(str(job.decided["device"]), wanted=job.config.device)
    if warning:
        job.warn(warning)
        job.decide(device=device, precision=decide_precision(job.config.train.precision, device=device, cuda=find_cuda()))
    # cuBLAS needs this to repeat its sums bit for bit.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Nothing here reads what it has not written, and filling every new tensor takes time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch has no type for it
    return torch.device(device)


def _settings(
    job: JobRun, data: RunData, *, batch_size: int, stages: Sequence[Stage], stopping: EarlyStopping | None
) -> LoopSettings:
    if stopping is not None and not data.validation:
        job.warn(
            "Early stopping does nothing: there are no validation cases. "
            "Name some in data.splits, or label scans of more subjects."
        )
    return LoopSettings(
        train=data.config.train,
        batch_size=batch_size,
        stages=stages,
        stopping=stopping,
        device=torch.device(str(job.decided["device"])),
        precision=str(job.decided["precision"]),
        checkpoint_folder=job.folder.checkpoint,
        metrics_path=job.folder.metrics,
    )


def _seeded_network(config: Config, plan: Mapping[str, Any]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer_seed(config.seed, "network") % 2**32)
        return build_network(plan)


def _train(job: JobRun, loop: TrainingLoop) -> dict[str, Tensor]:
    if job.resumed:
        checkpoint = find_resume_point(job)
        if checkpoint is not None:
            loop.restore(checkpoint)
    # Not earlier: what reading large scans takes goes back to the system.
    keep_freed_memory()
    job.emit("phase", name="train", step=loop.state.step)
    return loop.run()


def _network_weights(network: nn.Module, module: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's own weights out of those of the trained module, which may have heads."""
    if module is network:
        return dict(weights)
    module.load_state_dict(dict(weights))
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _warn_of_other_preprocessing(job: JobRun, card: ModelCard, data: RunData) -> None:
    own = data.plan.as_dict()
    others = [key for key, value in own.items() if card.preprocessing.get(key) != value and key != "channels"]
    if others:
        job.warn(f"The pretrained model saw scans preprocessed in another way ({', '.join(others)}); it may help less.")


def _write_model(job: JobRun, card: ModelCard, weights: Mapping[str, Tensor]) -> None:
    save_model(job.folder.model, card, weights)
    job.emit("artifact", kind="model", path="model", validation=dict(card.validation))
