"""`sslseg pretrain` and `sslseg finetune`: config and job are settled first, torch is imported after that."""

from __future__ import annotations

import argparse
from pathlib import Path

from SSLSegmentationLib.contract.commands.output import print_json
from SSLSegmentationLib.contract.errors import EXIT_DONE, SSLSegmentationError
from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.jobs import JobRun
from SSLSegmentationLib.contract.jobs.folder import DONE
from SSLSegmentationLib.contract.model_files import read_card
from SSLSegmentationLib.learning.commands.following import EventPrinter
from SSLSegmentationLib.learning.commands.run_config import read_run_config
from SSLSegmentationLib.learning.device import decide_device, decide_threads, find_cuda
from SSLSegmentationLib.learning.precision import decide_precision
from SSLSegmentationLib.learning.threads import prepare_for_torch


def run(arguments: argparse.Namespace) -> int:
    """Runs the training in the foreground; returns the exit code. Errors come out as `SSLSegmentationError`."""
    config = read_run_config(arguments.config, overrides=arguments.set or ())
    pretrained = getattr(arguments, "pretrained", None)
    if pretrained is not None and config.transfer.weights == "none":
        raise SSLSegmentationError(
            "config.conflict",
            "A pretrained model was given, but transfer.weights is none.",
            hint="Set transfer.weights to encoder or encoder_decoder, or leave --pretrained out.",
        )
    cuda = find_cuda()
    device = decide_device(config.device, cuda=cuda)
    decided = {
        "device": device,
        "precision": decide_precision(config.train.precision, device=device, cuda=cuda),
        "threads": decide_threads(config.train.threads),
    }
    if pretrained is not None:
        decided["pretrained"] = str(Path(pretrained).resolve())
        if not arguments.resume:
            # Before the folder is taken: it stays free for the corrected command.
            read_card(pretrained)
    printer = EventPrinter()
    warnings: list[str] = []

    def follow(event: Event) -> None:
        if event.event == "warning":
            warnings.append(str(event.fields["message"]))
        printer(event)

    with JobRun.open(
        arguments.job, config=config, command=arguments.command, resume=arguments.resume, decided=decided, on_event=follow
    ) as job:
        if job.already_done:
            printer.say(f"{arguments.job} is done already; nothing was changed.")
        else:
            _train(job)
    model = Path(arguments.job) / "model"
    if arguments.json:
        facts = {"job": str(arguments.job), "command": job.command, "state": DONE, "model": str(model), "warnings": warnings}
        print_json({**facts, "trained": not job.already_done})
    elif not job.already_done:
        printer.say(f"The model is in {model}.")
    return EXIT_DONE


def _train(job: JobRun) -> None:
    prepare_for_torch()
    # Here, not above: this imports torch.
    from SSLSegmentationLib.learning.runs import training

    if job.command == "pretrain":
        training.pretrain(job)
        return
    pretrained = job.decided.get("pretrained")
    training.finetune(job, pretrained=None if pretrained is None else Path(str(pretrained)))
