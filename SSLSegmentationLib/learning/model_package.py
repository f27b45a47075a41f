"""Model packages: `model.json` and safetensors weights in a folder or a .zip. Reading one never executes anything."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, disk_errors, replacing, write_bytes, write_text
from SSLSegmentationLib.contract.model_card import ModelCard
from SSLSegmentationLib.contract.model_files import CARD_NAME, WEIGHTS_NAME, ModelFiles, find_model
from SSLSegmentationLib.learning.networks import build_network

# The date of every entry of an archive, so that equal models are equal archives.
ARCHIVE_DATE = (1980, 1, 1, 0, 0, 0)
# Channels of the coarsest level up to which a network's first weights fit into any memory.
ORDINARY_WIDTH = 1024

Weights = Mapping[str, Tensor]


def weights_bytes(weights: Weights) -> bytes:
    """The weights file: sorted keys, contiguous tensors, no time, host or path. Equal weights are equal bytes."""
    plain = {name: weights[name].detach().to("cpu", copy=True).contiguous() for name in sorted(weights)}
    return bytes(safetensors.torch.save(plain))


def save_model(folder: PathLike, card: ModelCard, weights: Weights) -> ModelCard:
    """Writes the model folder in one step, replacing one that is there; returns the card with the weights' checksum.

    Raises `disk.full` or `disk.read_only`; then nothing is left under the final name.
    """
    return save_ensemble(folder, card, [weights])


def save_ensemble(folder: PathLike, card: ModelCard, members: Sequence[Weights]) -> ModelCard:
    """As `save_model`; several members become weights-0.safetensors …, whose probabilities are averaged in prediction."""
    names = [WEIGHTS_NAME] if len(members) == 1 else [f"weights-{index}.safetensors" for index in range(len(members))]
    final = Path(folder)
    beside = final.with_name(f".{uuid.uuid4().hex[:8]}.{final.name}")
    old = beside.with_name(beside.name + ".old")
    digests: dict[str, str] = {}
    with disk_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.mkdir()
            for name, weights in zip(names, members, strict=True):
                data = weights_bytes(weights)
                digests[name] = hashlib.sha256(data).hexdigest()
                write_bytes(beside / name, data)
            saved = dataclasses.replace(card, weights=digests)
            write_text(beside / CARD_NAME, saved.as_json())
            _swap(beside, final, old)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return saved


def _swap(new: Path, final: Path, old: Path) -> None:
    """Puts `new` in the place of `final`; the one that was there comes back where that fails."""
    if final.exists():
        final.rename(old)
    try:
        new.rename(final)
    except OSError:
        if old.exists():
            old.rename(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def zip_model(folder: PathLike, archive: PathLike) -> None:
    """Packs the model of a model or job folder into one .zip, byte for byte the same for the same model."""
    files = find_model(folder)
    with replacing(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as target:
        for name in (CARD_NAME, *files.weights_names):
            target.writestr(zipfile.ZipInfo(name, ARCHIVE_DATE), files.read(name))


def load_model(path: PathLike) -> tuple[ModelCard, dict[str, Tensor]]:
    """Card and weights (on the CPU) of a model folder, its .zip, or a job folder; of an ensemble the first member's.

    Raises `model.invalid` where it is damaged, `model.incompatible` where it is too new, `job.no_model` for a job folder
    without a model.
    """
    files = find_model(path)
    card = files.read_card()
    return card, _read_weights(files, files.weights_names[0], card)


def load_networks(path: PathLike, device: torch.device) -> tuple[ModelCard, list[nn.Module]]:
    """Card and ready networks (one, or the members of an ensemble) on `device`, in evaluation mode. Raises as `load_model`."""
    files = find_model(path)
    card = files.read_card()
    networks = []
    for name in files.weights_names:
        weights = _read_weights(files, name, card)
        network = _empty_network(card)
        try:
            network.load_state_dict(weights, assign=True)
        except RuntimeError as error:
            fact = f"{name} of the model {files.path} does not fit its network: {str(error).splitlines()[-1].strip()}"
            raise SSLSegmentationError("model.invalid", fact) from error
        networks.append(network.requires_grad_(False).eval().to(device))
    return card, networks


def _empty_network(card: ModelCard) -> nn.Module:
    """The card's network before it gets its weights.

    On the "meta" device nothing is allocated, so that no card can fill the memory; but it costs more than a second of
    imports, so that networks of ordinary size are simply built.
    """
    widest = card.network["base_width"] * 2 ** (card.network["levels"] - 1)
    with torch.random.fork_rng(devices=[]), torch.device("cpu" if widest <= ORDINARY_WIDTH else "meta"):
        return build_network(card.network)


def _read_weights(files: ModelFiles, name: str, card: ModelCard) -> dict[str, Tensor]:
    data = files.read(name)
    if hashlib.sha256(data).hexdigest() != card.weights.get(name):
        raise SSLSegmentationError(
            "model.invalid", f"{name} of the model {files.path} is damaged: its checksum is not the card's."
        )
    try:
        weights: dict[str, Tensor] = dict(sorted(safetensors.torch.load(data).items()))
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise SSLSegmentationError(
            "model.invalid", f"{name} of the model {files.path} is not a safetensors file: {error}."
        ) from error
    for key, tensor in weights.items():
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise SSLSegmentationError("model.invalid", f"{name} of the model {files.path} holds NaN or no numbers in '{key}'.")
    return weights
