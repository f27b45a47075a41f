"""Pretraining as the trainer sees it: any pretext task on batches of unlabelled images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from SSLSegmentationLib.learning.batches import BatchDraw, BatchSource, ImageBatch
from SSLSegmentationLib.learning.pretext.task import PretextExample, PretextTask
from SSLSegmentationLib.learning.randomness import generator
from SSLSegmentationLib.learning.training.task import Validation

# More validation images than these tell nothing new and cost time.
MOST_VALIDATION_IMAGES = 512


class PretrainingTask:
    """Draws batches, corrupts them on the device, and validates with one fixed corruption per image."""

    score_names: tuple[str, ...]

    def __init__(
        self,
        task: PretextTask,
        prepared: Any,
        *,
        train: BatchSource,
        validation: BatchSource | None,
        batch_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.task = task
        self.prepared = prepared
        self.train = train
        self.validation = validation
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self.score_names = task.score_names
        self.images_per_epoch = train.images_per_epoch

    def example(self, step: int) -> PretextExample:
        rng = generator(self.seed, "pretrain", step)
        batch = self.train.cut(self.train.draw(rng, self.batch_size))
        return self._corrupted(batch, self.task.draw(self.prepared, rng, self.batch_size))

    def loss(self, module: nn.Module, example: PretextExample) -> Tensor:
        return self.task.loss(module, example)

    def validate(self, module: nn.Module) -> Validation | None:
        if self.validation is None:
            return None
        draws = fixed_draws(self.validation, batch_size=self.batch_size, seed=self.seed)
        losses, scores, counts = [], [], []
        for number, draw in enumerate(draws):
            count = len(draw.case)
            corruption = self.task.draw(self.prepared, generator(self.seed, "validation corruption", number), count)
            example = self._corrupted(self.validation.cut(draw), corruption)
            losses.append(float(self.task.loss(module, example)))
            scores.append({name: float(value) for name, value in self.task.scores(module, example).items()})
            counts.append(count)
        means = {name: float(np.average([score[name] for score in scores], weights=counts)) for name in self.score_names}
        return Validation(float(np.average(losses, weights=counts)), means)

    def _corrupted(self, batch: ImageBatch, draw: Any) -> PretextExample:
        images = torch.from_numpy(batch.images).to(self.device)
        valid = torch.from_numpy(batch.valid).to(self.device).float()
        return PretextExample(self.task.corrupt(images, self.prepared, draw), images, valid)


def fixed_draws(source: BatchSource, *, batch_size: int, seed: int) -> list[BatchDraw]:
    """The same images each time, each once at most: all of them, or a seeded choice of `MOST_VALIDATION_IMAGES`."""
    rng = generator(seed, "validation images")
    everything = source.draw_each(rng)
    chosen = np.sort(rng.permutation(len(everything.case))[:MOST_VALIDATION_IMAGES])
    parts: Sequence[Any] = np.array_split(chosen, max(1, -(-len(chosen) // batch_size)))
    return [BatchDraw(everything.case[part], everything.start[part]) for part in parts]
