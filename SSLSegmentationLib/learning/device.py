"""Which device a run computes on, decided without importing torch: the job's config is written before that."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from dataclasses import dataclass

from SSLSegmentationLib.contract.errors import SSLSegmentationError

_CUDA_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_MAJOR_CAPABILITY = 75
# First generation (Ampere) that multiplies bfloat16 in hardware.
_BFLOAT16_CAPABILITY = 8


@dataclass(frozen=True)
class CudaDevices:
    """What the driver sees: the compute capability (major) of each device."""

    capabilities: tuple[int, ...] = ()


def find_cuda() -> CudaDevices:
    """The CUDA devices by the driver's own library; none where there is no driver."""
    try:
        driver = ctypes.CDLL(_CUDA_LIBRARY)
    except OSError:
        return CudaDevices()
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return CudaDevices()
    return CudaDevices(tuple(_capability(driver, number) for number in range(count.value)))


def _capability(driver: ctypes.CDLL, number: int) -> int:
    device, value = ctypes.c_int(), ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), number)
    driver.cuDeviceGetAttribute(ctypes.byref(value), _MAJOR_CAPABILITY, device)
    return value.value


def decide_device(wanted: str, *, cuda: CudaDevices) -> str:
    """ "cpu" or "cuda:<number>" for a setting of auto, cpu, cuda or cuda:<number>.

    Raises `config.invalid_value` for another word and `environment.no_device` for a device that is not there.
    """
    if wanted == "auto":
        return "cuda:0" if cuda.capabilities else "cpu"
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
    return f"cuda:{number}"


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
