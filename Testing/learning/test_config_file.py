"""Config files as people write them: YAML and JSON, sound, hostile and damaged."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from SSLSegmentationLib.contract.config import as_dict, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.record import JobRecord
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.learning.config_file import read_config

EXAMPLE = """
preset: default
data:
  dataset: hippocampus_mri/dataset.json
  splits: hippocampus_mri/splits.json
  labelled_cases: 9
  modality: mri
network: {name: unet, dims: 2, base_width: 16}
pretext: {task: context_restoration, patch_size: 8, sampling: poisson_disc}
transfer: {weights: encoder, mode: immediate}
train: {max_steps: 4000}
seed: 1
"""


@pytest.fixture
def file(tmp_path):
    def make(text, name="config.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return make


def refusal(path, **options):
    with pytest.raises(SSLSegmentationError) as caught:
        read_config(path, **options)
    error = caught.value
    assert error.exit_code in (2, 4) and str(path) in error.message
    assert "\n" not in str(error) and "Traceback" not in str(error)
    return error


def test_the_example_is_read_with_paths_from_its_folder(file, tmp_path):
    config = read_config(file(EXAMPLE))
    assert config.data.dataset == str(tmp_path / "hippocampus_mri" / "dataset.json")
    assert (config.network.base_width, config.pretext.patch_size, config.train.max_steps) == (16, 8, 4000)


def test_overrides_go_over_the_file(file):
    config = read_config(file(EXAMPLE), overrides=["train.max_steps=5", "network.base_width=8", "train.max_steps=6"])
    assert (config.train.max_steps, config.network.base_width) == (6, 8)


def test_json_is_read_by_name_or_by_look(file):
    text = json.dumps({"train": {"max_steps": 5}})
    assert read_config(file(text, "c.json")).train.max_steps == 5
    assert read_config(file(text, "c.txt")).train.max_steps == 5
    assert read_config(file(b"\xef\xbb\xbf" + text.encode(), "bom.json")).train.max_steps == 5


def test_yaml_in_braces_is_read(file):
    assert read_config(file("{train: {max_steps: 5}}")).train.max_steps == 5


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("1E-3", 1e-3), ("1.5e-3", 1.5e-3), (".001", 1e-3), ("1.", 1.0), ("1", 1.0), ("0.01", 0.01)],
)
def test_numbers_are_read_as_people_mean_them(file, text, value):
    assert read_config(file(f"train: {{learning_rate: {text}}}")).train.learning_rate == value


def test_dates_times_and_octals_stay_text(file, tmp_path):
    for name in ("2020-01-01", "1:30", "0123", "0x10"):
        assert read_config(file(f"data: {{images: {name}}}")).data.images == str(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train: {max_steps: 5}\ntrain: {max_steps: 6}", "'train' is given twice (line 2)"),
        ("train:\n  max_steps: 5\n  max_steps: 6", "'max_steps' is given twice (line 3)"),
        ("train: {max_steps: 5", "line"),
        ("train: [", "YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("<<: {train: {max_steps: 5}}", "unknown key"),
        ("train: !!python/object/apply:os.system ['true']", "python/object"),
        ("? {a: 1}\n: 2", "YAML"),
        ("\t- x", "YAML"),
        ("a: b: c", "YAML"),
        ("---\na: 1\n---\nb: 1", "YAML"),
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("just words", "sections"),
        ("- 1", "sections"),
        ("train: {max_step: 5}", "train.max_step"),
        ("train: {learning_rate: .nan}", "learning_rate"),
        ("train: {learning_rate: .inf}", "learning_rate"),
        ("network: {base_width: yes}", "base_width"),
        ("network: {base_width: ~}", "base_width"),
        ("data: {images: [a]}", "images"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a: \x00", "YAML"),
        ("[" * 5000, "YAML"),
        ("train: {max_steps: " + "9" * 5000 + "}", ""),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_is_wrong_is_refused_with_file_and_fact(file, text, words):
    assert words in refusal(file(text)).message


@pytest.mark.parametrize("text", ['{"train": {}, "train": {}}', '{"seed": NaN}', "{", '"x"'])
def test_json_is_as_strict(file, text):
    refusal(file(text, "config.json"))


def test_what_cannot_be_read_is_refused(file, tmp_path):
    assert "No such file" in refusal(tmp_path / "gone.yaml").message
    assert refusal(tmp_path).code == "config.unreadable"
    assert "10 MB" in refusal(file(b"#" * 10_000_001)).message


def test_a_wrong_override_is_refused(file):
    assert "max_step" in refusal(file(EXAMPLE), overrides=["train.max_step=5"]).message
    assert refusal(file(EXAMPLE), overrides=["nonsense"]).code == "config.invalid_value"
    assert "sections" in refusal(file("- 1"), overrides=["train.max_steps=5"]).message


def test_a_tasks_own_settings_are_checked_where_the_tasks_are_known(file):
    tasks = {"toy": TaskDescription(name="toy", title="Toy", summary="s")}
    assert read_config(file("pretext: {task: toy}"), tasks=tasks).pretext.task == "toy"
    assert refusal(file("pretext: {task: toy, turns: 3}"), tasks=tasks).code == "config.unknown_key"


def test_the_networks_name_is_checked_where_the_networks_are_known(file):
    assert read_config(file("network: {name: unett}")).network.name == "unett"
    assert read_config(file("network: {name: unet}"), networks=("unet",)).network.name == "unet"
    error = refusal(file("network: {name: unett}"), networks=("unet",))
    assert error.code == "config.invalid_value" and "Did you mean 'unet'?" in error.hint


def test_a_jobs_config_is_read_as_the_config_of_that_job(file):
    config = parse({"data": {"images": "/scans"}, "train": {"max_steps": 5}})
    path = file(JobRecord("pretrain", config, {"threads": 2}).to_json(), "config.json")
    assert read_config(path) == config
    assert read_config(file(json.dumps(as_dict(config)), "plain.json")) == config


def test_reading_a_config_needs_no_torch(file):
    code = (
        "import sys; sys.modules['torch'] = None; from SSLSegmentationLib.learning.config_file import read_config; "
        "assert read_config(sys.argv[1]).train.max_steps == 4000; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(file(EXAMPLE))], check=True)


def test_without_pyyaml_the_package_is_named(file):
    code = (
        "import sys; sys.modules['yaml'] = None; from SSLSegmentationLib.cli import main; "
        "sys.exit(main(['doctor', '--data', sys.argv[1], '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file(EXAMPLE))], capture_output=True, text=True, check=False)
    assert done.returncode == 4 and "pyyaml" in done.stderr, done.stderr
