"""Which device a run computes on: decided without importing torch, since the job's config is written before that, and
checked once torch is there."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from SSLSegmentationLib.contract.errors import SSLSegmentationError

_CUDA_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_MAJOR_CAPABILITY = 75
# First generation (Ampere) that multiplies bfloat16 in hardware.
_BFLOAT16_CAPABILITY = 8
_OTHER_TORCH = (
    "Install a build of torch with CUDA that fits the driver, or compute on the CPU "
    "(predict: --device cpu; pretrain and finetune: --set device=cpu)."
)


@dataclass(frozen=True)
class CudaDevices:
    """What the driver sees: the compute capability (major) of each device. `cpu_torch`: the installed torch is a build for
    CPUs alone, which can use none of them."""

    capabilities: tuple[int, ...] = ()
    cpu_torch: bool = False


def find_cuda() -> CudaDevices:
    """The CUDA devices by the driver's own library; none where there is no driver."""
    try:
        driver = ctypes.CDLL(_CUDA_LIBRARY)
    except OSError:
        return CudaDevices()
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return CudaDevices()
    capabilities = tuple(_capability(driver, number) for number in range(count.value))
    return CudaDevices(capabilities, cpu_torch=is_cpu_build(_torch_version_file()))


def _torch_version_file() -> Path | None:
    """The file of the installed torch that tells how it was built; None where there is no torch."""
    found = importlib.util.find_spec("torch")
    return None if found is None or found.origin is None else Path(found.origin).with_name("version.py")


def is_cpu_build(version_file: Path | None) -> bool:
    """Whether torch's version.py names no CUDA version. False where it can't be told: torch itself then tells."""
    try:
        text = "" if version_file is None else version_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(r"^cuda\b[^=\n]*=\s*None\b", text, re.MULTILINE) is not None


def _capability(driver: ctypes.CDLL, number: int) -> int:
    device, value = ctypes.c_int(), ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), number)
    driver.cuDeviceGetAttribute(ctypes.byref(value), _MAJOR_CAPABILITY, device)
    return value.value


def decide_device(wanted: str, *, cuda: CudaDevices) -> str:
    """ "cpu" or "cuda:<number>" for a setting of auto, cpu, cuda or cuda:<number>.

    auto takes a CUDA device where the installed torch is built for one. Raises `config.invalid_value` for another word and
    `environment.no_device` for a device that is not there.
    """
    if wanted == "auto":
        return "cuda:0" if cuda.capabilities and not cuda.cpu_torch else "cpu"
    if wanted == "cpu":
        return "cpu"
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", wanted)
    if match is None:
        raise SSLSegmentationError("config.invalid_value", f"device is '{wanted}', but must be auto, cpu, cuda or cuda:<number>.")
    number = int(match.group(1) or 0)
    if number >= len(cuda.capabilities):
        raise SSLSegmentationError(
            "environment.no_device", f"Device {wanted} is not there: the driver sees {len(cuda.capabilities)} CUDA device(s)."
        )
    if cuda.cpu_torch:
        raise SSLSegmentationError(
            "environment.no_device",
            f"Device {wanted} can't be used: the installed torch is a build for CPUs only.",
            hint=_OTHER_TORCH,
        )
    return f"cuda:{number}"


def device_of_torch(decided: str, *, wanted: str) -> tuple[str, str]:
    """The device to compute on, and a warning ("" for none), once it was `decided` for the setting `wanted`. Imports torch.

    torch may not be able to use a device that the driver sees, for example where the driver is too old for it: auto then
    takes the CPU, any other setting raises `environment.no_device`.
    """
    import torch

    if decided == "cpu" or torch.cuda.is_available():
        return decided, ""
    fact = f"torch {torch.__version__} can't use the graphics card that the driver sees"
    if wanted == "auto":
        return "cpu", f"{fact}; the CPU computes. Update the driver, or install a build of torch that fits it."
    raise SSLSegmentationError("environment.no_device", f"{fact} (device {wanted}).", hint=_OTHER_TORCH)


def has_fast_bfloat16(device: str, *, cuda: CudaDevices) -> bool:
    """Whether a CUDA device ("cuda:0") multiplies bfloat16 in hardware."""
    return cuda.capabilities[int(device.partition(":")[2])] >= _BFLOAT16_CAPABILITY


def decide_threads(wanted: str | int) -> int:
    """CPU threads: the setting, or as many as this process may use."""
    if isinstance(wanted, int):
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
