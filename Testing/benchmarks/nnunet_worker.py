"""What runs inside nnU-Net's own environment for peer_nnunet.py: its training loop, timed, and a checkpoint to predict with.

    python nnunet_worker.py steps SETTINGS.json      prints {"steps_per_second": …, …} as the last line
    python nnunet_worker.py checkpoint SETTINGS.json

Reads nnUNet_raw, nnUNet_preprocessed and nnUNet_results from the environment, as nnU-Net does. nnU-Net is imported and
run as it is; only the network and the batch are replaced where SETTINGS.json asks for "our" network, or the width of its own
network where it asks for "base_width".
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from batchgenerators.utilities.file_and_folder_operations import load_json
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

REPOSITORY = Path(__file__).resolve().parents[2]


class SameNetworkTrainer(nnUNetTrainer):
    """nnU-Net's loop (its batches, augmentation, loss, optimiser) around our U-Net, without deep supervision."""

    network_plan: dict[str, Any] = {}

    def initialize(self) -> None:
        self.enable_deep_supervision = False
        super().initialize()

    @staticmethod
    def build_network_architecture(
        plans_manager: Any,
        configuration_manager: Any,
        num_input_channels: int,
        num_output_channels: int,
        enable_deep_supervision: bool = True,
    ) -> torch.nn.Module:
        sys.path.insert(0, str(REPOSITORY))
        from SSLSegmentationLib.learning.networks import build_network

        channels = {"in_channels": num_input_channels, "out_channels": num_output_channels}
        network = build_network({**SameNetworkTrainer.network_plan, **channels})
        # The layout in memory is a part of our loop, not of the network: nnU-Net's loop keeps torch's own.
        for block in [*network.encoder, *network.decoder]:
            block.channels_last = False
        return network

    def set_deep_supervision_enabled(self, enabled: bool) -> None:
        """Our network has none to switch."""


class OwnNetworkTrainer(nnUNetTrainer):
    """nnU-Net's loop around its own network, without deep supervision, which ours does not have."""

    def initialize(self) -> None:
        self.enable_deep_supervision = False
        super().initialize()


def make_trainer(settings: dict[str, Any]) -> nnUNetTrainer:
    """A trainer of fold `fold` on the prepared data set, on "shape" and "batch" where set.

    With "network" set, of our U-Net; with "base_width", of nnU-Net's own network at that width.
    """
    folder = Path(settings["preprocessed"]) / settings["dataset"]
    plans = load_json(str(folder / "nnUNetPlans.json"))
    plans["continue_training"] = False
    trainer_class = nnUNetTrainer
    if settings.get("network"):
        SameNetworkTrainer.network_plan = settings["network"]
        trainer_class = SameNetworkTrainer
    if settings.get("base_width"):
        trainer_class = OwnNetworkTrainer
        architecture = plans["configurations"]["2d"]["architecture"]["arch_kwargs"]
        stages = range(architecture["n_stages"])
        architecture["features_per_stage"] = [settings["base_width"] * 2**stage for stage in stages]
    if settings.get("shape"):
        plans["configurations"]["2d"]["patch_size"] = settings["shape"]
    if settings.get("batch"):
        plans["configurations"]["2d"]["batch_size"] = settings["batch"]
    dataset = load_json(str(folder / "dataset.json"))
    return trainer_class(plans=plans, configuration="2d", fold=settings["fold"], dataset_json=dataset, device=torch.device("cpu"))


def cpu_seconds() -> float:
    """CPU time of this process; children count once they have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in usage)


def time_steps(settings: dict[str, Any]) -> dict[str, Any]:
    """Steps a second of the loop's own train_step with its own batches, after a warm-up."""
    trainer = make_trainer(settings)
    trainer.on_train_start()
    trainer.network.train()
    for _ in range(settings["warm_up"]):
        trainer.train_step(next(trainer.dataloader_train))
    begin, waiting, loss = time.perf_counter(), 0.0, 0.0
    for _ in range(settings["steps"]):
        asked = time.perf_counter()
        batch = next(trainer.dataloader_train)
        waiting += time.perf_counter() - asked
        loss = float(trainer.train_step(batch)["loss"])
    seconds = time.perf_counter() - begin
    result = {
        "steps_per_second": round(settings["steps"] / seconds, 3),
        "ms_per_step": round(1000 * seconds / settings["steps"], 1),
        "share_waiting_for_batches": round(waiting / seconds, 3),
        "batch": list(batch["data"].shape),
        "parameters": sum(weights.numel() for weights in trainer.network.parameters()),
        "last_loss": round(loss, 4),
    }
    for loader in (trainer.dataloader_train, trainer.dataloader_val):
        if hasattr(loader, "_finish"):
            loader._finish()
    return result


def make_checkpoint(settings: dict[str, Any]) -> dict[str, Any]:
    """Trains a few steps and writes checkpoint_final.pth: weights do not change the time of a prediction."""
    trainer = make_trainer(settings)
    trainer.on_train_start()
    for _ in range(settings["steps"]):
        trainer.train_step(next(trainer.dataloader_train))
    trainer.save_checkpoint(str(Path(trainer.output_folder) / "checkpoint_final.pth"))
    return {"model": trainer.output_folder_base, "steps": settings["steps"]}


def main() -> None:
    action, path = sys.argv[1:]
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    torch.set_num_threads(settings["threads"])
    result = {"steps": time_steps, "checkpoint": make_checkpoint}[action](settings)
    print(json.dumps({**result, "cpu_seconds": round(cpu_seconds(), 1)}), flush=True)


if __name__ == "__main__":
    main()
