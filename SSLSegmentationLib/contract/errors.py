"""Every error a user can meet: one table of codes, one exception class, one exit code per kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict

EXIT_DONE = 0
EXIT_DEFECT = 1
EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_ENVIRONMENT = 4
EXIT_MEMORY = 5
EXIT_DISK = 6
EXIT_JOB_IN_USE = 7
EXIT_CANCELLED = 8


@dataclass(frozen=True)
class ErrorKind:
    """One row of the error table: what it means and what a person can do about it."""

    exit_code: int
    meaning: str
    hint: str


def _table() -> Dict[str, ErrorKind]:
    rows = {
        "defect.internal": (EXIT_DEFECT, "The program has a defect.", "Run again with --traceback and report the text."),
        "usage.arguments": (EXIT_USAGE, "The command line is wrong.", "See --help of the command."),
        "usage.output_collision": (
            EXIT_USAGE,
            "Two inputs would write the same output.",
            "Rename one, or run them into two folders.",
        ),
        "config.unreadable": (EXIT_USAGE, "The config file cannot be read.", "Check the path and that it is YAML or JSON."),
        "config.unknown_key": (
            EXIT_USAGE,
            "The config has a key that does not exist.",
            "Use the nearest key named in the message.",
        ),
        "config.invalid_value": (
            EXIT_USAGE,
            "A config value is of the wrong type or out of range.",
            "Use a value in the range that the message gives.",
        ),
        "config.conflict": (EXIT_USAGE, "Two settings exclude each other.", "Change one of the two."),
        "config.infeasible": (EXIT_USAGE, "The settings cannot be met on this data.", "Use the value that the message proposes."),
        "model.invalid": (
            EXIT_USAGE,
            "The model path is not a model package, or it is damaged.",
            "Give a model folder, its .zip, or a job folder.",
        ),
        "model.incompatible": (EXIT_USAGE, "The model does not fit this use.", "Choose another model or change the config."),
        "job.exists": (
            EXIT_USAGE,
            "The job folder already holds a job.",
            "Add --resume to go on with it, or give another folder.",
        ),
        "job.nothing_to_resume": (EXIT_USAGE, "There is no job to resume.", "Start it without --resume."),
        "job.not_a_job": (EXIT_USAGE, "The folder is not a job folder.", "Give a folder that was used with --job."),
        "job.no_model": (EXIT_DATA, "The job has not written a model yet.", "Wait until it is done, or choose another job."),
        "job.no_checkpoint": (EXIT_DATA, "No checkpoint of the job is sound.", "Start the job again in a new folder."),
        "job.in_use": (
            EXIT_JOB_IN_USE,
            "Another process is running this job.",
            "Wait for it, cancel it, or give another folder.",
        ),
        "job.cancelled": (EXIT_CANCELLED, "The run was cancelled.", "Use --resume to go on from the last checkpoint."),
        "job.backend_died": (EXIT_DEFECT, "The backend process ended without saying why.", "See log.txt in the job folder."),
        "job.backend_hangs": (EXIT_DEFECT, "The backend process no longer answers.", "Cancel the job and resume it."),
        "data.missing": (EXIT_DATA, "A file or folder does not exist.", "Check the path."),
        "data.empty": (
            EXIT_DATA,
            "A file is empty, or a folder holds no scans.",
            "Export the scan again, or choose another folder.",
        ),
        "data.unreadable": (EXIT_DATA, "A file cannot be read as a scan.", "Export it as NIfTI, NRRD or MHA."),
        "data.unsupported": (
            EXIT_DATA,
            "A file is of a kind that is not supported.",
            "Convert it to a 3D NIfTI, NRRD or MHA scan.",
        ),
        "data.truncated": (EXIT_DATA, "A file is shorter than its header says.", "Copy or export it again."),
        "data.damaged": (EXIT_DATA, "A file is damaged.", "Copy or export it again."),
        "data.not_3d": (EXIT_DATA, "A file does not hold one 3D volume.", "Split it, or choose one volume."),
        "data.colour": (EXIT_DATA, "A file holds colours, not intensities.", "Use the original scan."),
        "data.no_geometry": (
            EXIT_DATA,
            "A file does not say where its voxels are.",
            "Export it with voxel spacing and orientation.",
        ),
        "data.sheared": (EXIT_DATA, "The axes of a scan are not orthogonal.", "Resample it to orthogonal axes first."),
        "data.not_finite": (
            EXIT_DATA,
            "A file holds NaN or infinite values.",
            "Replace these values before measuring or training.",
        ),
        "data.not_labels": (
            EXIT_DATA,
            "A file is not a label map of whole numbers from 0.",
            "Export a label map, not a probability map.",
        ),
        "data.grid_mismatch": (
            EXIT_DATA,
            "A label map lies on another grid than its scan.",
            "Resample the label map onto the scan's grid.",
        ),
        "data.unknown_label": (
            EXIT_DATA,
            "A label map holds a value or a segment that the tissue table lacks.",
            "Add it to the table, or correct the label map.",
        ),
        "data.unpaired": (EXIT_DATA, "A file has no counterpart of the same name.", "Rename or add the missing file."),
        "data.unpaired_channels": (
            EXIT_DATA,
            "A scan has another number of channels than the others.",
            "Give every case the same channels.",
        ),
        "data.dataset_invalid": (EXIT_DATA, "A data set description is invalid.", "Correct the entry named in the message."),
        "data.no_cases": (EXIT_DATA, "The data hold no usable case.", "Check the folder and the splits."),
        "environment.no_torch": (
            EXIT_ENVIRONMENT,
            "torch is not installed in this Python.",
            "Install the backend, or run 'pip install torch'.",
        ),
        "environment.no_device": (
            EXIT_ENVIRONMENT,
            "The device does not exist on this computer.",
            "Install the driver, or compute on the CPU (predict: --device cpu; pretrain and finetune: --set device=cpu).",
        ),
        "environment.missing_package": (
            EXIT_ENVIRONMENT,
            "A package is not installed.",
            "Install the package named in the message.",
        ),
        "training.diverged": (EXIT_USAGE, "The loss is no longer a number.", "Lower the learning rate."),
        "memory.host": (EXIT_MEMORY, "The computer ran out of memory.", "Use a smaller batch size or training shape."),
        "memory.device": (
            EXIT_MEMORY,
            "The graphics card ran out of memory.",
            "Use a smaller batch size, or compute on the CPU (predict: --device cpu; pretrain and finetune: --set device=cpu).",
        ),
        "disk.full": (EXIT_DISK, "The disk is full.", "Free space or choose another folder."),
        "disk.read_only": (EXIT_DISK, "The folder cannot be written.", "Choose another folder."),
    }
    return {code: ErrorKind(*row) for code, row in rows.items()}


ERROR_KINDS: Dict[str, ErrorKind] = _table()


class SSLSegmentationError(Exception):
    """An error with a code from `ERROR_KINDS`, one sentence with file and fact, and a hint.

    The hint defaults to the table's; pass one where a more precise remedy is known.
    """

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        kind = ERROR_KINDS[code]
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint or kind.hint
        self.exit_code = kind.exit_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint} [{self.code}]"
