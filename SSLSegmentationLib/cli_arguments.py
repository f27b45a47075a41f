"""Every command of the command line: its module, its help and its arguments."""

from __future__ import annotations

import argparse
import contextlib
import re
from typing import Callable, Dict, NamedTuple, Tuple, Union


class Command(NamedTuple):
    """`module` (under SSLSegmentationLib) has `run(arguments) -> int`; it is imported when the command runs."""

    module: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]


def label(text: str) -> int:
    """The value of a label, a whole number from 1."""
    if not re.fullmatch(r"\d{1,10}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not the value of a label, a whole number from 1")
    return int(text)


def share(text: str) -> float:
    """A number from 0 to 1."""
    with contextlib.suppress(ValueError):
        if 0.0 <= float(text) <= 1.0:
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")


def memory(text: str) -> int:
    """`3GB`, `500 MB` or a number of bytes → bytes; a GB has 10⁹."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)(i?)[bB]?\s*", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not an amount of memory such as 3GB")
    number, prefix, binary = match.groups()
    power = " kmgt".index(prefix.lower() or " ")
    amount = int(float(number) * (1024 if binary else 1000) ** power)
    if amount < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no memory at all")
    return amount


def count(text: str) -> int:
    """A whole number from 1."""
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def seed(text: str) -> int:
    """A whole number from 0."""
    if not re.fullmatch(r"\d{1,10}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def seconds(text: str) -> float:
    """A time from 0 s."""
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return float(text)


def minutes(text: str) -> float:
    """A time from 0 min."""
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes")
    return float(text)


def device(text: str) -> str:
    """auto, cpu, cuda or cuda:<number>."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not auto, cpu, cuda or cuda:<number>")
    return text


def named_map(text: str) -> Tuple[str, str]:
    """`NAME=FILE` → (name, file); the name becomes part of column names."""
    name, equals, file = text.partition("=")
    if not equals or not file or not re.fullmatch(r"\w[\w.-]*", name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FILE with a name of letters, digits, '_', '.' and '-'")
    return name, file


def slice_position(text: str) -> Union[int, float]:
    """`12` → 12, an index; `-35.5mm` → -35.5, a position: a float is always in mm."""
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    position = re.fullmatch(r"([+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+))\s*mm", text)
    if position is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither the index of a slice from 0, such as 12, nor a position such as -35.5mm"
        )
    return float(position.group(1))


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the facts as JSON")


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.PATH=VALUE",
        help="change a value of the config, such as train.max_steps=500; may be given again",
    )


def _job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", metavar="CONFIG", help="config file (YAML or JSON)")
    parser.add_argument("--job", required=True, metavar="DIR", help="folder of this run")
    _set(parser)
    parser.add_argument("--resume", action="store_true", help="go on with the job in the folder from its newest checkpoint")
    _json(parser)


def _finetune(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    parser.add_argument("--pretrained", metavar="MODEL", help="model folder, .zip or job folder to take weights from")


def _predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="model folder, its .zip, or a job folder")
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="scans, or folders of them; for a model of several channels the files <case>_0000.nii.gz, <case>_0001.nii.gz, …, "
        "one per channel in the model's order",
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the label maps")
    parser.add_argument(
        "--format", choices=("nii.gz", "seg.nrrd"), default="nii.gz", help="file format of the label maps (nii.gz)"
    )
    parser.add_argument("--probabilities", action="store_true", help="write the probabilities too")
    parser.add_argument("--device", type=device, default="auto", help="auto, cpu, cuda or cuda:<number> (auto)")
    parser.add_argument("--memory", type=memory, metavar="SIZE", help="most memory to use, such as 3GB")
    parser.add_argument(
        "--check", action="store_true", help="only read the scans and compare them with those the model was trained on"
    )
    _json(parser)


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--image", required=True, metavar="SCAN", help="scan, or a folder of scans")
    parser.add_argument("--labels", required=True, metavar="LABELS", help="label map, or a folder of them with the scans' names")
    parser.add_argument("--tissues", metavar="FILE", help="tissue table (JSON or CSV)")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        type=named_map,
        metavar="NAME=FILE",
        help="a further map to measure, such as t2=T2.nii.gz; may be given again",
    )
    # Without this, argparse takes the "-35.5mm" of "--slice -35.5mm" for an option: it knows bare numbers only.
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    parser.add_argument(
        "--slice",
        type=slice_position,
        metavar="POSITION",
        help="also give the area in one slice: its index, counted from 0 along the slice axis (12), or a position in mm "
        "(-35.5mm) for the slice closest to it: the coordinate along the patient axis closest to the slice axis, in RAS as "
        "viewers show it (larger is right, front or head)",
    )
    parser.add_argument(
        "--slice-areas",
        metavar="FILE.csv",
        help="a further table to write: the area of each tissue in every slice, with the slice's position in mm as in --slice",
    )
    parser.add_argument("--output", required=True, metavar="TABLE.csv", help="table to write")
    _json(parser)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prediction", required=True, metavar="PATH", help="label map to judge, or a folder of them")
    parser.add_argument("--reference", required=True, metavar="PATH", help="right label map, or a folder of them")
    parser.add_argument("--image", metavar="PATH", help="scan, or a folder of scans, for errors of the biomarkers")
    parser.add_argument("--tissues", metavar="FILE", help="tissue table (JSON or CSV)")
    parser.add_argument("--output", required=True, metavar="TABLE.csv", help="table to write")
    _json(parser)


def _surface(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labels", metavar="LABELS", help="label map")
    parser.add_argument(
        "--output",
        required=True,
        metavar="DIR",
        help="folder for the arrays <value>-points.npy (RAS, mm), <value>-triangles.npy and <value>-normals.npy",
    )
    parser.add_argument(
        "--label", action="append", default=[], type=label, metavar="VALUE", help="only this label; may be given again (all)"
    )
    parser.add_argument("--smoothing", type=share, default=0.5, metavar="S", help="0 (none) to 1 (strong) (0.5)")
    parser.add_argument("--decimation", type=share, default=0.0, metavar="D", help="share of the triangles to leave out (0)")
    parser.add_argument("--no-normals", dest="normals", action="store_false", help="write no normals")
    _json(parser)


def _preview(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", metavar="CONFIG", help="config file (YAML or JSON)")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the pictures")
    _set(parser)
    _json(parser)


def _phantom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", help="ct_body, ct_l3 or knee_mri")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the scans and their truth")
    parser.add_argument("--count", type=count, default=1, metavar="N", help="number of phantoms (1)")
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="seed of the first one (0)")
    _json(parser)


def _inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="scan file (NIfTI, NRRD or MetaImage)")
    parser.add_argument("--labels", metavar="PATH", help="label map to check against the scan's grid")
    _json(parser)


def _presets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="show every value of this preset")
    _json(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="CONFIG", help="check the data of this config too")
    _json(parser)


def _jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="job folder, or a folder of job folders")
    _json(parser)


def _cancel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="job folder")
    parser.add_argument("--wait", type=seconds, default=30.0, metavar="SECONDS", help="wait this long for the run to stop (30)")
    parser.add_argument("--force", action="store_true", help="kill the run if it has not stopped by then")
    _json(parser)


def _worker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", metavar="DIR", help="folder for hello.json, which says that the worker is up and what it can do"
    )
    parser.add_argument(
        "--idle-minutes", type=minutes, default=10.0, metavar="MINUTES", help="end after this long without a request (10)"
    )
    parser.add_argument(
        "--prepare", choices=("predict", "measure"), help="import what this command needs before the first request comes"
    )
    parser.add_argument("--parent", type=count, metavar="PID", help="end when this process has ended")


COMMANDS: Dict[str, Command] = {
    "pretrain": Command("learning.commands.train", "pretrain a network on unlabelled scans", _job),
    "finetune": Command("learning.commands.train", "train a segmentation model on labelled scans", _finetune),
    "predict": Command("learning.commands.predict", "segment scans with a model", _predict),
    "measure": Command("imaging.commands.measure", "measure each tissue: the biomarker table", _measure),
    "evaluate": Command("imaging.commands.evaluate", "compare segmentations with right ones", _evaluate),
    "surface": Command("imaging.commands.surface", "make the closed surface of each tissue, as 3D Slicer does", _surface),
    "preview": Command("learning.commands.preview", "show what a pretext task does to some slices", _preview),
    "phantom": Command("imaging.commands.phantom", "make synthetic scans with known truth", _phantom),
    "inspect": Command("imaging.commands.inspect", "tell what a scan file is understood to be", _inspect),
    "presets": Command("contract.commands.presets", "list the presets, or every value of one", _presets),
    "doctor": Command("learning.commands.doctor", "check this computer, its Python and the data of a config", _doctor),
    "jobs": Command("contract.commands.jobs", "list the jobs in a folder", _jobs),
    "cancel": Command("contract.commands.cancel", "stop a job", _cancel),
    "worker": Command("cli_worker", "run command lines that come as JSON lines, in one process that stays warm", _worker),
}
