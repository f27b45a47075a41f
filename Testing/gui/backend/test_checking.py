"""What a backend says of itself, and what is told where it can't."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.backend import checking
from SSLSegmentationLib.gui.backend.checking import BackendFacts, check, problem_error
from SSLSegmentationLib.gui.operation import Operation

ANSWER = {
    "sslseg": "0.1.0",
    "python": "3.12.4",
    "executable": "/b/python",
    "system": "Linux 6 x86_64",
    "threads": 2,
    "bfloat16_flags": [],
    "cuda_devices": 0,
    "device": "cpu",
    "precision": "float32",
    "memory_available_bytes": 20_100_000_000,
    "disk_free_bytes": 77_000_000_000,
    "packages": [{"name": "torch", "version": "2.13.0+cpu", "problem": ""}, {"name": "numpy", "version": "2.4.6", "problem": ""}],
    "torch": {"cuda_build": "", "sees_cuda": False, "threads": 2},
    "problems": [],
}
NO_TORCH = {"code": "environment.no_torch", "message": "The package torch is not installed.", "hint": "Install it."}
UNUSED_CARD = {"code": "environment.no_device", "message": "The driver sees a card, but torch does not.", "hint": "x"}


@pytest.fixture
def backend(tmp_path):
    """A program that stands in for a backend's Python."""

    def make(text: str) -> Path:
        path = tmp_path / "python"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


def answer(backend, **changes) -> BackendFacts:
    text = json.dumps({**ANSWER, **changes})
    return Operation(check(backend(f"cat <<'END'\n{text}\nEND\nexit 4\n"))).wait()


def test_a_sound_backend_is_one_line(backend) -> None:
    facts = answer(backend)
    assert facts.line == "torch 2.13.0 · CPU, 2 threads · 20.1 GB free"
    assert facts.ready and problem_error(facts) is None
    assert facts.packages[1] == ("numpy", "2.4.6")


def test_a_graphics_card_is_named_with_the_memory_that_is_free_on_it(backend) -> None:
    card = {"cuda_build": "12.8", "sees_cuda": True, "card": "NVIDIA RTX A4000", "card_free_bytes": 15_200_000_000}
    facts = answer(backend, device="cuda:0", cuda_devices=1, torch=card)
    assert facts.line == "torch 2.13.0 · NVIDIA RTX A4000, CUDA 12.8 · 15.2 GB free", "its own memory, not the computer's"
    del card["card_free_bytes"]
    assert answer(backend, device="cuda:0", cuda_devices=1, torch=card).line == "torch 2.13.0 · NVIDIA RTX A4000, CUDA 12.8"


def test_a_card_that_torch_does_not_see_is_not_promised(backend) -> None:
    facts = answer(backend, device="cuda:0", cuda_devices=1, problems=[UNUSED_CARD])
    assert "CPU" in facts.line
    assert facts.ready


def test_missing_torch_is_what_the_line_says(backend) -> None:
    facts = answer(backend, packages=[], torch={}, problems=[UNUSED_CARD, NO_TORCH])
    assert facts.line == "The package torch is not installed."
    error = problem_error(facts)
    assert error is not None and (error.code, error.hint) == ("environment.no_torch", "Set the backend up again.")


def test_a_problem_that_only_another_version_knows_is_still_told(backend) -> None:
    assert not answer(backend, problems=[{**NO_TORCH, "code": "environment.of_the_future"}]).ready


@pytest.mark.parametrize(
    "text", ["echo garbage; echo 'Segmentation fault' >&2; exit 139", "echo '[]'; echo 'Segmentation fault' >&2"]
)
def test_an_answer_that_is_none_ends_in_the_backends_own_last_words(backend, text) -> None:
    with pytest.raises(SSLSegmentationError, match="Segmentation fault") as caught:
        Operation(check(backend(text))).wait()
    assert caught.value.code == "job.backend_died"


def test_a_backend_that_says_nothing_at_all_is_told_so(backend) -> None:
    with pytest.raises(SSLSegmentationError, match="it said nothing"):
        Operation(check(backend("exit 1"))).wait()


def test_an_answer_with_wrong_values_is_refused(backend) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        answer(backend, threads="many")
    assert "threads" in caught.value.hint


def test_a_backend_that_hangs_is_ended(backend, monkeypatch) -> None:
    monkeypatch.setattr(checking, "_ANSWER_SECONDS", 0.3)
    with pytest.raises(SSLSegmentationError) as caught:
        Operation(check(backend("sleep 600"))).wait()
    assert caught.value.code == "job.backend_hangs"


def test_a_python_that_is_gone_is_named(tmp_path) -> None:
    with pytest.raises(SSLSegmentationError, match="cannot be started") as caught:
        Operation(check(tmp_path / "python")).wait()
    assert caught.value.code == "environment.missing_package"


def test_slicers_own_python_has_no_torch() -> None:
    facts = Operation(check(sys.executable)).wait()
    assert not facts.ready
    assert "torch" in facts.line


def test_the_real_backend_is_ready() -> None:
    python = os.environ.get("SSLSEG_TEST_BACKEND")
    if not python:
        pytest.skip("SSLSEG_TEST_BACKEND does not name the Python of a backend")
    facts = Operation(check(python)).wait()
    assert facts.ready, facts.line
    assert facts.line.startswith("torch 2.")
    assert {name for name, version in facts.packages if version} >= {"torch", "numpy", "scipy", "SimpleITK"}
