"""`sslseg doctor [--data CONFIG]`: whether this computer, its Python and the data of a config are fit for a run."""

from __future__ import annotations

import argparse
import contextlib
import platform
import sys
from pathlib import Path
from typing import Any

from SSLSegmentationLib import __version__
from SSLSegmentationLib.contract.commands.output import print_json, print_table
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.device import decide_device, decide_threads, find_cuda
from SSLSegmentationLib.learning.host import PACKAGES, available_memory, find_package, free_disk
from SSLSegmentationLib.learning.precision import BFLOAT16_CPU_FLAGS, cpu_flags, decide_precision

_LEAST_MEMORY = 2 * 10**9
_LEAST_DISK = 10**9


def _computer() -> dict[str, Any]:
    cuda = find_cuda()
    device = decide_device("auto", cuda=cuda)
    return {
        "sslseg": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "threads": decide_threads("auto"),
        "bfloat16_flags": sorted(cpu_flags() & BFLOAT16_CPU_FLAGS),
        "cuda_devices": len(cuda.capabilities),
        "device": device,
        "precision": decide_precision("auto", device=device, cuda=cuda),
        "memory_available_bytes": available_memory(),
        "disk_free_bytes": free_disk(Path.cwd()),
    }


def _torch() -> dict[str, Any]:
    """What the installed torch can do; only called where it can be imported."""
    import torch

    facts: dict[str, Any] = {
        "cuda_build": torch.version.cuda or "",
        "sees_cuda": torch.cuda.is_available(),
        "threads": torch.get_num_threads(),
    }
    if facts["sees_cuda"]:
        facts["card"] = torch.cuda.get_device_name(0)
        # Another program may have taken all of it, or the whole card.
        with contextlib.suppress(RuntimeError):
            facts["card_free_bytes"], facts["card_total_bytes"] = torch.cuda.mem_get_info(0)
    return facts


def _data(path: str) -> dict[str, Any]:
    """The cases that pretraining and, where there are labels, fine-tuning with this config would use."""
    # Here, not above: without numpy or SimpleITK the rest of the report still comes.
    from SSLSegmentationLib.imaging.dataset import training_cases
    from SSLSegmentationLib.learning.commands.run_config import read_run_config

    config = read_run_config(path)
    facts: dict[str, Any] = {}
    labelled = config.data.dataset or config.data.labels or config.data.cases
    for purpose in ("pretrain", "finetune") if labelled else ("pretrain",):
        cases = training_cases(config, purpose=purpose)
        facts[purpose] = f"{len(cases.train)} to train on, {len(cases.validation)} to validate on"
        if purpose == "finetune":
            facts["tissues"] = [tissue.name for tissue in cases.tissues]
        facts["channels"] = list(cases.channels)
        facts["warnings"] = sorted({*facts.get("warnings", ()), *cases.warnings})
    return facts


def _problems(facts: dict[str, Any]) -> list[SSLSegmentationError]:
    problems = []
    for package in facts["packages"]:
        if package["problem"]:
            code = "environment.no_torch" if package["name"] == "torch" else "environment.missing_package"
            hint = "" if package["name"] == "torch" else f"Run 'pip install {package['name']}'."
            problems.append(SSLSegmentationError(code, f"The package {package['name']} is {package['problem']}.", hint=hint))
    if facts["cuda_devices"] and facts["torch"] and not facts["torch"]["sees_cuda"]:
        problems.append(
            SSLSegmentationError(
                "environment.no_device",
                "The driver sees a CUDA device, but torch does not.",
                hint="Install a build of torch with CUDA.",
            )
        )
    memory, disk = facts["memory_available_bytes"], facts["disk_free_bytes"]
    if memory is not None and memory < _LEAST_MEMORY:
        problems.append(
            SSLSegmentationError("memory.host", f"Only {memory / 1e9:.1f} GB of memory are free.", hint="Close other programs.")
        )
    if disk is not None and disk < _LEAST_DISK:
        problems.append(SSLSegmentationError("disk.full", f"Only {disk / 1e9:.1f} GB are free on the disk of {Path.cwd()}."))
    return problems


def _print(facts: dict[str, Any], problems: list[SSLSegmentationError]) -> None:
    rows = []
    for name, value in facts.items():
        if name == "packages":
            rows += [(entry["name"], " ".join(part for part in (entry["version"], entry["problem"]) if part)) for entry in value]
        elif isinstance(value, dict):
            rows += [(f"{name} {key}", _text(key, entry)) for key, entry in value.items()]
        else:
            rows.append((name, _text(name, value)))
    print_table([(name.replace("_bytes", "").replace("_", " "), text) for name, text in rows], header=("what", "found"))
    sys.stdout.write("\n" + ("\n".join(f"problem: {problem}" for problem in problems) or "No problems found.") + "\n")


def _text(name: str, value: Any) -> str:
    if name.endswith("_bytes"):
        return "unknown" if value is None else f"{value / 1e9:.1f} GB"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value)


def run(arguments: argparse.Namespace) -> int:
    """Prints what was found. The exit code is that of the first problem."""
    facts = _computer()
    packages = [find_package(module) for module in PACKAGES]
    facts["packages"] = [{"name": package.name, "version": package.version, "problem": package.problem} for package in packages]
    facts["torch"] = {} if packages[0].problem else _torch()
    problems = _problems(facts)
    if arguments.data is not None:
        try:
            facts["data"] = _data(arguments.data)
        except SSLSegmentationError as error:
            problems.append(error)
    if arguments.json:
        listed = [{"code": problem.code, "message": problem.message, "hint": problem.hint} for problem in problems]
        print_json({**facts, "problems": listed})
    else:
        _print(facts, problems)
    if problems:
        sys.stdout.flush()
        raise problems[0]
    return 0
