"""Pretraining and fine-tuning through the command line, on phantoms, with real files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.jobs import JobFolder
from SSLSegmentationLib.learning.model_package import load_model
from SSLSegmentationLib.learning.runs import training
from SSLSegmentationLib.learning.training.checkpoint import list_checkpoints
from Testing.learning.phantom_data import finetune, write_config, write_data


@pytest.fixture(scope="module")
def pretrained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    assert main(["pretrain", str(write_config(folder, data)), "--job", str(folder / "job")]) == 0
    return folder / "job"


def test_pretraining_leaves_a_model_metrics_and_events(pretrained: Path) -> None:
    card, weights = load_model(pretrained)
    assert card.task == "context_restoration"
    assert card.training["steps"] == 6
    assert card.network["in_channels"] == card.network["out_channels"] == 3
    assert set(weights) > {"encoder.0.first.weight", "last.bias"}
    assert (pretrained / "metrics.csv").read_text().splitlines()[0].endswith("validation_loss,l2_norm")
    assert JobFolder(pretrained).state() == "done"
    assert len(list_checkpoints(pretrained / "checkpoint")) == 2


def test_pretraining_reports_the_area_that_is_really_displaced(pretrained: Path) -> None:
    lines = [json.loads(line) for line in (pretrained / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    pretext = next(line for line in lines if line["event"] == "phase" and line["name"] == "pretext")
    assert 0.25 <= pretext["displaced_area"] <= pretext["corrupted_area"] < 0.35


def test_config_of_a_job_is_resolved_and_holds_what_was_decided(pretrained: Path) -> None:
    config = json.loads((pretrained / "config.json").read_text(encoding="utf-8"))
    text = json.dumps(config)
    assert '"precision"' in text
    assert '"device": "cpu"' in text
    assert '"threads": 1' in text


def test_fine_tuning_starts_from_the_pretrained_encoder(tmp_path: Path, data: Path, pretrained: Path) -> None:
    sections = {"train": {"max_steps": 1, "learning_rate": 1e-9, "weight_decay": 0.0}}
    assert finetune(tmp_path, data, "--pretrained", str(pretrained), **sections) == 0
    card, weights = load_model(tmp_path / "job")
    before = load_model(pretrained)[1]
    assert card.training["pretrained"]["task"] == "context_restoration"
    for name, value in before.items():
        alike = value.shape == weights[name].shape and torch.allclose(value, weights[name], atol=1e-6)
        assert alike == name.startswith("encoder.") or name.endswith("bias"), name


@pytest.mark.parametrize("weights", ["encoder", "encoder_decoder"])
def test_going_on_from_a_segmentation_model_of_the_same_tissues_keeps_all_that_is_taken_over(
    tmp_path: Path, data: Path, weights: str
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert finetune(tmp_path / "first", data) == 0
    sections = {"train": {"max_steps": 1, "learning_rate": 1e-9, "weight_decay": 0.0}, "transfer": {"weights": weights}}
    words = ("--pretrained", str(tmp_path / "first" / "job"), "--set", "seed=7")
    assert finetune(tmp_path / "second", data, *words, **sections) == 0
    before, after = (load_model(tmp_path / name / "job")[1] for name in ("first", "second"))
    alike = {name for name, value in before.items() if torch.allclose(value, after[name], atol=1e-6)}
    assert ("last.weight" in alike) == (set(before) == alike) == (weights == "encoder_decoder")


def test_two_stages_of_fine_tuning_train_the_rest_first(tmp_path: Path, data: Path, pretrained: Path) -> None:
    sections = {"transfer": {"weights": "encoder_decoder", "mode": "freeze_then_finetune", "frozen_share": 0.5}}
    assert finetune(tmp_path, data, "--pretrained", str(pretrained), **sections) == 0
    stages = [line.split(",")[2] for line in (tmp_path / "job" / "metrics.csv").read_text().splitlines()[1:]]
    assert stages == ["frozen", "all_weights"]


def test_model_card_names_tissues_and_scores(tmp_path: Path, data: Path) -> None:
    assert finetune(tmp_path, data) == 0
    card, _ = load_model(tmp_path / "job")
    names = [tissue.name for tissue in card.tissues]
    assert card.task == "segmentation"
    assert card.activation == "softmax"
    assert set(card.validation) == {"dice", *(f"dice_{name}" for name in names)}
    assert str(tmp_path) not in json.dumps(card.as_dict())


def test_same_seed_gives_the_same_weights_file_bit_for_bit(tmp_path: Path, data: Path) -> None:
    files = []
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        assert finetune(tmp_path / run, data) == 0
        files.append((tmp_path / run / "job" / "model" / "weights.safetensors").read_bytes())
    assert files[0] == files[1]


def test_another_seed_gives_other_weights(tmp_path: Path, data: Path) -> None:
    files = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        assert finetune(tmp_path / seed, data, "--set", f"seed={seed}") == 0
        files.append((tmp_path / seed / "job" / "model" / "weights.safetensors").read_bytes())
    assert files[0] != files[1]


def test_paper_preset_trains_with_sigmoid_outputs(tmp_path: Path, data: Path) -> None:
    config = json.loads(write_config(tmp_path, data).read_text(encoding="utf-8"))
    config["preset"] = "paper_inpainting_ct"
    config["network"] = {"base_width": 4, "levels": 3}
    config["train"] = {"max_steps": 3, "batch_size": 2, "threads": 1}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert main(["finetune", str(tmp_path / "config.json"), "--job", str(tmp_path / "job")]) == 0
    card, _ = load_model(tmp_path / "job")
    assert card.activation == "sigmoid"
    assert card.network["out_channels"] == len(card.tissues)


def test_bfloat16_training_runs_on_cpu_and_learns(tmp_path: Path, data: Path) -> None:
    assert finetune(tmp_path, data, train={"precision": "bfloat16", "max_steps": 10}) == 0
    rows = [line.split(",") for line in (tmp_path / "job" / "metrics.csv").read_text().splitlines()]
    column = rows[0].index("loss")
    assert float(rows[-1][column]) < float(rows[1][column])


@pytest.mark.parametrize("task", ["context_prediction", "context_restoration"])
def test_pretraining_in_3d(tmp_path: Path, task: str) -> None:
    volumes = write_data(tmp_path / "data", count=3, shape=(12, 48, 48))
    sections = {
        "network": {"dims": 3, "base_width": 2, "levels": 2},
        "pretext": {"task": task, "patch_size": 4},
        "train": {"max_steps": 2},
    }
    config = write_config(tmp_path, volumes, **sections)
    assert main(["pretrain", str(config), "--job", str(tmp_path / "pretrained")]) == 0
    assert main(["finetune", str(config), "--job", str(tmp_path / "job"), "--pretrained", str(tmp_path / "pretrained")]) == 0
    card, _ = load_model(tmp_path / "job")
    assert len(card.training_shape) == 3


def test_neighbour_slices_become_channels(tmp_path: Path) -> None:
    volumes = write_data(tmp_path / "data", count=3, shape=(6, 48, 48))
    assert finetune(tmp_path, volumes, preprocess={"neighbour_slices": 1}) == 0
    assert load_model(tmp_path / "job")[0].network["in_channels"] == 9


def test_memory_is_kept_for_the_steps_alone(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(training, "keep_freed_memory", lambda: order.append("kept"))
    loaded = training.load_run_data
    monkeypatch.setattr(training, "load_run_data", lambda *given, **named: order.append("loaded") or loaded(*given, **named))
    assert finetune(tmp_path, data) == 0
    assert order == ["loaded", "kept"]


def test_a_fine_tuning_sees_the_neighbouring_slices_that_its_pretrained_model_saw(tmp_path: Path) -> None:
    volumes = write_data(tmp_path / "data", count=3, shape=(6, 48, 48))
    for number, own in enumerate((0, 1)):
        config = write_config(tmp_path, volumes, preprocess={"normalisation": "zscore", "neighbour_slices": own})
        before, after = (str(tmp_path / f"{name}-{number}") for name in ("pretrained", "finetuned"))
        assert main(["pretrain", str(config), "--job", before]) == 0
        config = write_config(tmp_path, volumes, preprocess={"normalisation": "zscore"})
        assert main(["finetune", str(config), "--job", after, "--pretrained", before]) == 0
        card, _ = load_model(Path(after))
        assert card.preprocessing["neighbour_slices"] == own
        assert card.network["in_channels"] == 1 + 2 * own


def test_pretrained_model_of_another_width_is_refused_naming_the_difference(
    tmp_path: Path, data: Path, pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune(tmp_path, data, "--pretrained", str(pretrained), network={"base_width": 8}) == 2
    assert "base_width 4 instead of 8" in capsys.readouterr().err


def test_pretrained_model_with_weights_none_is_refused(
    tmp_path: Path, data: Path, pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune(tmp_path, data, "--pretrained", str(pretrained), transfer={"weights": "none"}) == 2
    assert "[config.conflict]" in capsys.readouterr().err


def test_what_is_refused_at_once_leaves_the_folder_to_the_corrected_command(
    tmp_path: Path, data: Path, pretrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune(tmp_path, data, "--pretrained", f"{pretrained}-misspelt") == 2
    assert "[model.invalid]" in capsys.readouterr().err
    assert finetune(tmp_path, data, "--set", "network.name=unett") == 2
    assert "Did you mean 'unet'?" in capsys.readouterr().err
    assert not (tmp_path / "job").exists()
    assert not (tmp_path / "cache").exists()
    assert finetune(tmp_path, data, "--pretrained", str(pretrained)) == 0


def test_job_with_a_checkpoint_goes_on_without_the_model_that_it_began_from(
    tmp_path: Path, data: Path, pretrained: Path, cancel_at_the_end: Callable[[Path], None]
) -> None:
    sections = {"transfer": {"weights": "encoder_decoder", "mode": "freeze_then_finetune"}}
    model = tmp_path / "model"
    shutil.copytree(pretrained / "model", model)
    (tmp_path / "whole").mkdir()
    assert finetune(tmp_path / "whole", data, "--pretrained", str(model), **sections) == 0
    cancel_at_the_end(tmp_path / "job")
    assert finetune(tmp_path, data, "--pretrained", str(model), **sections) == 8
    (tmp_path / "job" / "checkpoint" / "step-000000006.safetensors").unlink()
    events = tmp_path / "job" / "events.jsonl"
    events.write_text("".join(line for line in events.read_text().splitlines(True) if "step-000000006" not in line))
    shutil.rmtree(model)
    assert finetune(tmp_path, data, "--pretrained", str(model), "--resume", **sections) == 0
    (card, weights), (whole_card, whole) = (load_model(folder / "job") for folder in (tmp_path, tmp_path / "whole"))
    assert card.training["pretrained"] == whole_card.training["pretrained"]
    assert all(torch.equal(weights[name], value) for name, value in whole.items())


def test_budget_raised_while_the_model_was_written_is_trained(
    tmp_path: Path, data: Path, cancel_at_the_end: Callable[[Path], None]
) -> None:
    cancel_at_the_end(tmp_path / "job")
    assert finetune(tmp_path, data) == 8
    assert finetune(tmp_path, data, "--resume", "--set", "train.max_steps=8") == 0
    assert load_model(tmp_path / "job")[0].training["steps"] == 8


def test_resuming_with_another_tissue_table_is_refused_naming_the_remedy(
    tmp_path: Path, data: Path, cancel_at_the_end: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    cancel_at_the_end(tmp_path / "job")
    own = shutil.copytree(data, tmp_path / "data")
    assert finetune(tmp_path, own) == 8
    tissues = json.loads((own / "tissues.json").read_text(encoding="utf-8"))
    (own / "tissues.json").write_text(json.dumps([*tissues, {**tissues[0], "value": 99, "name": "further"}]), encoding="utf-8")
    assert finetune(tmp_path, own, "--resume") == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "tissues differ" in error
    assert "start a new job" in error
    assert "[config.conflict]" in error


def test_done_job_is_left_alone_on_resume_and_refused_without(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune(tmp_path, data) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "job").rglob("*") if path.name != "lock"}
    assert finetune(tmp_path, data, "--resume") == 0
    assert "done already" in capsys.readouterr().err
    assert finetune(tmp_path, data) == 2
    assert "--resume" in capsys.readouterr().err
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "job").rglob("*") if path.name != "lock"}


def test_resume_of_nothing_is_refused(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert finetune(tmp_path, data, "--resume") == 2
    assert "[job.nothing_to_resume]" in capsys.readouterr().err


def test_case_that_cannot_be_used_is_left_out_with_a_warning_when_not_strict(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data")
    whole = (folder / "images" / "p1.nii.gz").read_bytes()
    (folder / "images" / "p1.nii.gz").write_bytes(whole[: len(whole) // 2])
    assert finetune(tmp_path, folder) == 3
    (tmp_path / "lenient").mkdir()
    assert finetune(tmp_path / "lenient", folder, "--set", "data.strict=false") == 0
    events = (tmp_path / "lenient" / "job" / "events.jsonl").read_text(encoding="utf-8")
    assert "p1" in next(line for line in events.splitlines() if '"warning"' in line)


def test_device_that_is_not_there_is_refused(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert finetune(tmp_path, data, "--set", "device=cuda:99") == 4
    assert "[environment.no_device]" in capsys.readouterr().err
    assert not (tmp_path / "job" / "config.json").exists()
