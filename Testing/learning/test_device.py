"""The device: what the driver sees counts only where the installed torch can use it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.device import CudaDevices, decide_device, device_of_torch, is_cpu_build

ONE = CudaDevices((8,))
UNUSABLE = CudaDevices((8,), cpu_torch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__version__ = '2.8.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n", True),
        ("__version__ = '2.8.0+cu128'\ncuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n", False),
        ("__version__ = '1.0'\ncuda = None\n", True),
        ("__version__ = '9.0'\n", False),
    ],
)
def test_version_file_of_torch_tells_a_build_for_cpus(tmp_path: Path, text: str, expected: bool) -> None:
    (tmp_path / "version.py").write_text(text, encoding="utf-8")
    assert is_cpu_build(tmp_path / "version.py") is expected


def test_version_file_that_is_not_there_or_garbage_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / "version.py").write_bytes(b"\xff\xfe\x00cuda = None")
    assert not any(is_cpu_build(path) for path in (None, tmp_path / "gone.py", tmp_path / "version.py"))


def test_installed_torch_is_told_as_torch_itself_tells() -> None:
    assert is_cpu_build(Path(torch.version.__file__)) is (torch.version.cuda is None)


@pytest.mark.parametrize(("cuda", "expected"), [(ONE, "cuda:0"), (UNUSABLE, "cpu"), (CudaDevices(), "cpu")])
def test_auto_takes_a_graphics_card_only_where_torch_is_built_for_it(cuda: CudaDevices, expected: str) -> None:
    assert decide_device("auto", cuda=cuda) == expected


@pytest.mark.parametrize(("wanted", "cuda"), [("cuda", UNUSABLE), ("cuda:1", ONE), ("cuda", CudaDevices())])
def test_graphics_card_that_cannot_be_used_is_refused_with_the_options_that_exist(wanted: str, cuda: CudaDevices) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        decide_device(wanted, cuda=cuda)
    assert caught.value.code == "environment.no_device"
    assert "--set device=cpu" in caught.value.hint
    assert "predict: --device cpu" in caught.value.hint


def test_driver_too_old_for_torch_means_the_cpu_for_auto_and_an_error_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    device, warning = device_of_torch("cuda:0", wanted="auto")
    assert device == "cpu"
    assert torch.__version__ in warning
    with pytest.raises(SSLSegmentationError) as caught:
        device_of_torch("cuda:1", wanted="cuda:1")
    assert caught.value.code == "environment.no_device"
    assert "--set device=cpu" in caught.value.hint
    assert device_of_torch("cpu", wanted="auto") == ("cpu", "")


def test_graphics_card_that_torch_can_use_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of_torch("cuda:0", wanted="auto") == ("cuda:0", "")
