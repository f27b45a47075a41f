"""Fine-tuning as the trainer sees it: labelled images, augmentation, the segmentation loss, and Dice per tissue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.cache import CachedCase
from SSLSegmentationLib.learning.augmentation import apply_augmentation, draw_augmentation
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.losses import SEGMENTATION_LOSSES
from SSLSegmentationLib.learning.padding import padded_forward
from SSLSegmentationLib.learning.randomness import generator
from SSLSegmentationLib.learning.training.task import Validation
from SSLSegmentationLib.learning.validation import DiceCounts, case_parts, predicted_labels


@dataclass(frozen=True)
class LabelledExample:
    """Images (N, C, *S), labels (N, *S) with 0 as background, and which voxels count (N, 1, *S)."""

    images: Tensor
    labels: Tensor
    valid: Tensor


def segmentation_outputs(config: Config, tissues: TissueTable) -> int:
    """Channels of the network's last layer: one a tissue, and one for background under softmax."""
    _, activation = SEGMENTATION_LOSSES[config.train.loss]
    return len(tissues) + (activation == "softmax")


class SegmentationTask:
    """Learns tissues from labelled cases; validates on whole cases at their own size."""

    def __init__(
        self,
        config: Config,
        *,
        train: BatchSource,
        validation: Sequence[CachedCase],
        tissues: TissueTable,
        batch_size: int,
        device: torch.device,
    ) -> None:
        self.config = config
        self.train = train
        self.validation = tuple(validation)
        self.tissues = tissues
        self.batch_size = batch_size
        self.device = device
        self.segmentation_loss, self.activation = SEGMENTATION_LOSSES[config.train.loss]
        self.outputs = segmentation_outputs(config, tissues)
        self.images_per_epoch = train.images_per_epoch
        self.score_names = ("dice", *(f"dice_{tissue.name}" for tissue in tissues))

    def example(self, step: int) -> LabelledExample:
        rng = generator(self.config.seed, "finetune", step)
        draw = self.train.draw(rng, self.batch_size, foreground_share=self.config.train.foreground_share)
        if self.config.augment.enabled:
            draw = self.train.with_tilts(draw, self.config.augment, rng)
        batch = self.train.cut(draw)
        assert batch.labels is not None  # fine-tuning takes labelled cases only
        images = torch.from_numpy(batch.images).to(self.device)
        labels: Tensor | None = torch.from_numpy(batch.labels).to(self.device)
        valid: Tensor | None = torch.from_numpy(batch.valid).to(self.device)
        if self.config.augment.enabled:
            changes = draw_augmentation(
                self.config.augment,
                shape=self.train.shape,
                batch=self.batch_size,
                channels=images.shape[1],
                rng=rng,
                spacing=self.train.spacing_of(draw),
            )
            images, labels, valid = apply_augmentation(images, labels, valid, changes, tissues=len(self.tissues))
        assert labels is not None
        assert valid is not None
        return LabelledExample(images, labels, valid.float())

    def loss(self, module: nn.Module, example: LabelledExample) -> Tensor:
        return self.segmentation_loss(module(example.images), example.labels, example.valid)

    def validate(self, module: nn.Module) -> Validation | None:
        if not self.validation:
            return None
        counts = DiceCounts(tissues=len(self.tissues))
        losses: list[tuple[float, float]] = []
        parts = case_parts(
            self.validation,
            lambda images: padded_forward(module, images, training_shape=self.train.shape),
            source=self.train,
            batch_size=self.batch_size,
            outputs=self.outputs,
            device=self.device,
        )
        for part in parts:
            valid = torch.ones_like(part.labels, dtype=torch.float32).unsqueeze(1)
            losses.append((float(self.segmentation_loss(part.logits, part.labels, valid)), part.weight))
            counts.add(predicted_labels(part.logits, activation=self.activation), part.labels, last=part.last)
        dice = counts.dice()
        by_tissue = {f"dice_{tissue.name}": float(value) for tissue, value in zip(self.tissues, dice, strict=True)}
        values, weights = zip(*losses, strict=True)
        mean = float(dice[np.isfinite(dice)].mean()) if np.isfinite(dice).any() else math.nan
        return Validation(float(np.average(values, weights=weights)), {"dice": mean, **by_tissue})
