"""The command line as a whole: help, versions, exit codes, one readable line for whatever goes wrong."""

from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
import time
import types

import pytest

from SSLSegmentationLib import __version__, cli
from SSLSegmentationLib.cli_arguments import COMMANDS, count, device, memory, named_map, seconds, seed
from SSLSegmentationLib.contract.errors import SSLSegmentationError

WANTED = [
    "pretrain",
    "finetune",
    "predict",
    "measure",
    "evaluate",
    "surface",
    "preview",
    "phantom",
    "inspect",
    "presets",
    "doctor",
    "jobs",
    "cancel",
    "worker",
]


def run(*words, **options):
    options = {"capture_output": True, "text": True, "check": False, **options}
    return subprocess.run([sys.executable, "-m", "SSLSegmentationLib", *words], **options)


@pytest.fixture
def command(monkeypatch):
    """Makes `sslseg presets` do something else."""

    def make(function):
        module = types.ModuleType("SSLSegmentationLib.contract.commands.presets")
        module.run = function
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return make


def test_every_wanted_command_is_there():
    assert list(COMMANDS) == WANTED


@pytest.mark.parametrize("name", WANTED)
def test_every_command_has_help_and_traceback(name, capsys):
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--traceback" in text
    # The worker has no facts of its own to print.
    assert name == "worker" or "--json" in text


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"sslseg {__version__}\n"


def test_help_takes_at_most_twice_the_time_of_importing_numpy():
    def best(*words):
        times = []
        for _ in range(5):
            before = time.perf_counter()
            subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - before)
        return min(times)

    assert best("-m", "SSLSegmentationLib", "--help") <= 2 * best("-c", "import numpy")


def test_help_imports_none_of_the_heavy_packages():
    code = "import sys; from SSLSegmentationLib.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert not {"numpy", "torch", "scipy", "SimpleITK", "yaml"} & set(modules)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["pretrain"],
        ["pretrain", "c.yaml"],
        ["pretrain", "c.yaml", "--job"],
        ["measure", "--image", "a", "--labels", "b", "--output", "t.csv", "--map", "t2"],
        ["predict", "m", "--output", "o"],
        ["predict", "m", "i", "--output", "o", "--format", "png"],
        ["predict", "m", "i", "--output", "o", "--memory", "much"],
        ["predict", "m", "i", "--output", "o", "--dev", "cpu"],
        ["phantom", "ct_l3", "--output", "o", "--count", "0"],
        ["presets", "a", "b"],
        ["surface", "l.nrrd", "--output", "o", "--smoothing", "1.5"],
        ["surface", "l.nrrd", "--output", "o", "--decimation", "nan"],
        ["surface", "l.nrrd", "--output", "o", "--label", "0"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_one_line_and_exit_2(words, capsys):
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "[usage.arguments]" in error


def test_an_error_is_one_line_with_its_hint_and_code(command, capsys):
    def fail(arguments):
        raise SSLSegmentationError("data.truncated", "scan ä.nii is\nshort.", hint="Copy it again.")

    command(fail)
    assert cli.main(["presets"]) == 3
    assert capsys.readouterr() == ("", "error: scan ä.nii is short. Copy it again. [data.truncated]\n")
    assert cli.main(["presets", "--traceback"]) == 3
    error = capsys.readouterr().err
    assert "Traceback" in error and "in fail" in error
    assert error.splitlines()[-1].startswith("error: ")


def test_a_stopped_command_without_a_job_does_not_speak_of_resuming(command, capsys):
    def fail(arguments):
        raise KeyboardInterrupt

    command(fail)
    assert cli.main(["presets"]) == 8
    assert capsys.readouterr().err == "error: The command was cancelled. Start it again. [job.cancelled]\n"


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KeyboardInterrupt(), 8),
        (MemoryError(), 5),
        (OSError(errno.ENOSPC, "full"), 6),
        (OSError(errno.EROFS, "read-only"), 6),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 4),
        (ModuleNotFoundError("No module named 'safetensors'", name="safetensors"), 4),
        (ZeroDivisionError("a defect"), 1),
        (RecursionError(), 1),
        (SSLSegmentationError("job.in_use", "x"), 7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_goes_wrong_has_its_exit_code_and_one_line(command, capsys, raised, code):
    def fail(arguments):
        raise raised

    command(fail)
    assert cli.main(["presets"]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


@pytest.mark.parametrize(("value", "code"), [(5, 5), (None, 0)])
def test_a_command_that_exits_keeps_its_code(command, value, code):
    def leave(arguments):
        raise SystemExit(value)

    command(leave)
    assert cli.main(["presets"]) == code


def test_a_reader_that_leaves_ends_it_without_a_word():
    text = f"{sys.executable} -m SSLSegmentationLib presets default --json | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {text}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("further", [[], ["--traceback"]])
def test_an_error_that_nobody_reads_keeps_its_exit_code(further):
    reader, writer = os.pipe()
    os.close(reader)
    assert run("presets", "nonsense", *further, stderr=writer, capture_output=False).returncode == 2
    os.close(writer)


def test_a_full_disk_behind_stdout_is_said_so():
    with open(os.devnull.replace("null", "full"), "w") as full:  # noqa: PTH123  # a device, no file
        done = run("presets", "--json", stdout=full, capture_output=False, stderr=subprocess.PIPE)
    assert done.returncode == 6 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_no_harm(closed):
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m SSLSegmentationLib presets {closed}"], check=False)
    assert done.returncode == 0
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m SSLSegmentationLib presets nonsense {closed}"], check=False)
    assert done.returncode == 2


def test_names_outside_the_locale_do_no_harm(tmp_path):
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "LANG": "C",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "PYTHONCOERCECLOCALE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "SSLSegmentationLib", "jobs", os.fsencode(tmp_path) + "/☃".encode() + b"\xff"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(b"error: ") and b"Traceback" not in done.stderr


def test_without_torch_training_says_so(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"data": {"images": "."}}))
    code = (
        "import sys; sys.modules['torch'] = None; from SSLSegmentationLib.cli import main; "
        "sys.exit(main(['pretrain', sys.argv[1], '--job', sys.argv[2]]))"
    )
    words = [str(tmp_path / "c.json"), str(tmp_path / "job")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 4 and "[environment.no_torch]" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("text", "amount"),
    [("3GB", 3 * 10**9), ("500 MB", 5 * 10**8), ("1.5g", 1_500_000_000), ("2GiB", 2 * 1024**3), ("4096", 4096), ("1kB", 1000)],
)
def test_memory_is_read_with_its_unit(text, amount):
    assert memory(text) == amount


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "3 apples", "0", "1e9", "nan"])
def test_what_is_no_memory_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        memory(text)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (count, "3", 3),
        (seed, "0", 0),
        (seconds, "1.5", 1.5),
        (device, "cuda:1", "cuda:1"),
        (named_map, "t2=a=b.nii", ("t2", "a=b.nii")),
    ],
)
def test_arguments_are_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (count, "0"),
        (count, "x"),
        (count, "٣x"),
        (seed, "-1"),
        (seconds, "inf"),
        (device, "gpu"),
        (named_map, "=f"),
        (named_map, "a b=f"),
        (named_map, "a="),
    ],
)
def test_wrong_arguments_are_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
