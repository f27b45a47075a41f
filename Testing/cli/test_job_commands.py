"""The commands presets, jobs, cancel and doctor."""

from __future__ import annotations

import json
import types

import pytest
import torch

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.config import describe, parse
from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.learning import host
from SSLSegmentationLib.learning.commands import doctor
from Testing.contract.jobs.helpers import eventually, is_ready, start_job
from Testing.contract.jobs.test_job_folder import write_state
from Testing.disks import make_read_only, small_disk


def facts(capsys, *words):
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_presets_are_listed(capsys):
    assert [entry["name"] for entry in facts(capsys, "presets")] == list(PRESETS)
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in PRESETS)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_value_of_a_preset_is_shown_with_unit_and_range(capsys, name):
    shown = facts(capsys, "presets", name)
    assert [row["key"] for row in shown["values"]] == [row.key for row in describe()]
    assert parse(shown["config"]) == parse({"preset": name})
    assert main(["presets", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    for row in shown["values"]:
        line = next(line for line in lines if line.startswith(row["key"] + " "))
        assert row["range"] in line and row["unit"] in line and row["source"] in line


def test_an_unknown_preset_is_refused_with_the_nearest(capsys):
    assert main(["presets", "defalt"]) == 2
    assert "'default'" in capsys.readouterr().err
    assert main(["presets", "zzz"]) == 2
    assert "paper_inpainting_ct" in capsys.readouterr().err


def test_jobs_are_listed_with_their_states(capsys, tmp_path):
    write_state(tmp_path / "a", "failed")
    write_state(tmp_path / "b", "running")
    listed = facts(capsys, "jobs", str(tmp_path))
    assert [(job["state"], job["command"]) for job in listed] == [("failed", "pretrain"), ("interrupted", "pretrain")]
    assert listed[0]["error"]["code"] == "data.empty"
    assert main(["jobs", str(tmp_path)]) == 0
    assert "interrupted" in capsys.readouterr().out


def test_a_job_with_a_damaged_status_is_listed(capsys, tmp_path):
    write_state(tmp_path / "a", "failed").status.write_text("{")
    assert facts(capsys, "jobs", str(tmp_path))[0]["state"] == "interrupted"
    assert main(["jobs", str(tmp_path)]) == 0


def test_jobs_on_a_disk_that_cannot_be_written_are_listed(capsys, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        write_state(disk / "a", "running").lock.touch()
        make_read_only(disk)
        assert facts(capsys, "jobs", str(disk))[0]["state"] == "interrupted"


def test_a_folder_without_jobs_is_said_so(capsys, tmp_path):
    assert facts(capsys, "jobs", str(tmp_path)) == []
    assert main(["jobs", str(tmp_path)]) == 0
    assert "no job" in capsys.readouterr().out
    assert main(["jobs", str(tmp_path / "gone")]) == 3


def test_a_running_job_is_cancelled(capsys, tmp_path):
    process = start_job(tmp_path, "steps")
    eventually(lambda: is_ready(tmp_path))
    assert facts(capsys, "cancel", str(tmp_path))["state"] == "cancelled"
    process.communicate()
    assert process.returncode == 8


def test_a_deaf_job_is_only_killed_on_demand(capsys, tmp_path):
    process = start_job(tmp_path, "deaf")
    eventually(lambda: is_ready(tmp_path) and b"children" in (tmp_path / "events.jsonl").read_bytes())
    assert main(["cancel", str(tmp_path), "--wait", "0.2"]) == 7
    assert process.poll() is None
    assert main(["cancel", str(tmp_path), "--wait", "0.2", "--force"]) == 0
    assert "interrupted" in capsys.readouterr().out
    process.communicate()
    assert process.returncode == -9


def test_a_job_that_has_ended_is_left_as_it_is(capsys, tmp_path):
    folder = write_state(tmp_path, "done")
    assert facts(capsys, "cancel", str(tmp_path))["state"] == "done"
    assert not folder.cancel.exists()
    assert main(["cancel", str(tmp_path / "gone")]) == 2


def test_the_doctor_finds_what_is_there(capsys):
    found = facts(capsys, "doctor")
    assert {entry["name"] for entry in found["packages"]} == set(host.PACKAGES.values())
    assert found["device"] and found["precision"] in ("float32", "bfloat16", "float16")
    assert found["memory_available_bytes"] > 10**6 and found["disk_free_bytes"] > 10**6
    assert found["torch"]["threads"] >= 1 and found["problems"] == []
    assert main(["doctor"]) == 0
    assert "No problems found." in capsys.readouterr().out


def test_the_doctor_checks_the_data_of_a_config(capsys, tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"data": {"images": "gone", "labels": "gone"}}))
    assert main(["doctor", "--data", str(tmp_path / "c.json"), "--json"]) == 3
    output = capsys.readouterr()
    assert json.loads(output.out)["problems"][0]["code"].startswith("data.")
    assert output.err.startswith("error: ") and str(tmp_path / "gone") in output.err


@pytest.mark.parametrize(
    ("section", "word"),
    [
        ({"pretext": {"task": "context_restauration"}}, "'context_restoration'"),
        ({"pretext": {"patchsize": 4}}, "'pretext.patch_size'"),
        ({"network": {"name": "unett"}}, "'unet'"),
    ],
)
def test_the_doctor_refuses_the_config_that_a_run_would_refuse(capsys, tmp_path, section, word):
    (tmp_path / "c.json").write_text(json.dumps({"data": {"images": "gone"}, **section}))
    for words in (
        ["doctor", "--data", str(tmp_path / "c.json")],
        ["pretrain", str(tmp_path / "c.json"), "--job", str(tmp_path / "job")],
    ):
        assert main(words) == 2
        assert word in capsys.readouterr().err
    assert not (tmp_path / "job").exists()


def test_the_doctor_counts_the_cases_of_phantoms(capsys, tmp_path):
    assert main(["phantom", "ct_l3", "--output", str(tmp_path), "--count", "3"]) == 0
    capsys.readouterr()
    (tmp_path / "c.yaml").write_text("data: {images: images, labels: labels, modality: ct}")
    assert main(["doctor", "--data", str(tmp_path / "c.yaml")]) == 0
    text = capsys.readouterr().out
    assert "data pretrain" in text and "data finetune" in text and "data tissues" in text


def test_the_doctor_names_what_is_missing_or_broken(capsys, monkeypatch, tmp_path):
    (tmp_path / "broken_package.py").write_text("raise RuntimeError('compiled for another numpy')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(host.PACKAGES, "torch", "torch-that-is-not-there")
    monkeypatch.setitem(host.PACKAGES, "not_there", "not-there")
    monkeypatch.setitem(host.PACKAGES, "broken_package", "broken-package")
    monkeypatch.setattr(doctor, "_LEAST_MEMORY", 10**18)
    monkeypatch.setattr(doctor, "_LEAST_DISK", 10**18)
    assert main(["doctor"]) == 4
    text = capsys.readouterr().out
    assert "not-there is not installed" in text and "compiled for another numpy" in text
    assert "of memory are free" in text and "are free on the disk" in text


def test_memory_is_unknown_where_the_system_does_not_tell(monkeypatch):
    assert host.available_memory() > 10**6
    monkeypatch.setattr(host.sys, "platform", "another")
    assert host.available_memory() is None
    monkeypatch.setattr(host.sys, "platform", "win32")
    assert host.available_memory() is None, "this computer has no windll"


def test_free_memory_of_a_mac_is_that_of_its_free_inactive_and_speculative_pages():
    told = """Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               12345.
Pages active:                            400000.
Pages inactive:                          200000.
Pages speculative:                         1000.
Pages throttled:                              0.
Pages wired down:                        150000.
"""
    assert host.macos_free_bytes(told) == (12345 + 200000 + 1000) * 16384
    with pytest.raises(ValueError, match="changed"):
        host.macos_free_bytes("nothing of the kind")


def test_free_memory_of_windows_is_its_free_physical_memory(monkeypatch):
    class Kernel:
        def GlobalMemoryStatusEx(self, status):  # noqa: N802  # as Windows names it
            found = status._obj
            assert found.length == 64, "the size that Windows asks for"
            found.total, found.free, found.free_paged = 32 * 10**9, 9 * 10**9, 50 * 10**9
            return 1

    monkeypatch.setattr(host.sys, "platform", "win32")
    monkeypatch.setattr(host.ctypes, "windll", types.SimpleNamespace(kernel32=Kernel()), raising=False)
    assert host.available_memory() == 9 * 10**9


def test_the_doctor_names_the_card_and_the_memory_that_is_free_on_it(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _number: "NVIDIA RTX A4000")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _number: (15 * 10**9, 16 * 10**9))
    found = facts(capsys, "doctor")["torch"]
    assert (found["card"], found["card_free_bytes"], found["card_total_bytes"]) == ("NVIDIA RTX A4000", 15 * 10**9, 16 * 10**9)

    def taken(_number):
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")

    monkeypatch.setattr(torch.cuda, "mem_get_info", taken)
    found = facts(capsys, "doctor")["torch"]
    assert found["card"] and "card_free_bytes" not in found


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_its_parent(tmp_path):
    assert host.free_disk(tmp_path / "a" / "b") > 0
