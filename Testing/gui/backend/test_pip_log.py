"""What pip is doing, read from its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from SSLSegmentationLib.gui.backend.pip_log import PipLog, tail


class Written:
    """A log that the test writes, and what is read from it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "install.log"
        self.file.write_text("Downloading of-an-earlier-time.whl (900.0 MB)\n")
        self.scratch, self.packages = folder / "tmp", folder / "site-packages"
        self.log = PipLog(self.file, scratch=self.scratch, packages=self.packages, expected_bytes=200 * 10**6)

    def after(self, text: str):
        with self.file.open("a") as file:
            file.write(text)
        return self.log.progress()


@pytest.fixture
def written(tmp_path) -> Written:
    return Written(tmp_path)


def test_before_pip_has_spoken_nothing_is_known(written) -> None:
    progress = written.after("")
    assert (progress.text, progress.share, progress.waits) == ("Looking for pip …", 0.0, True)


def test_the_package_that_is_looked_for_is_named(written) -> None:
    assert written.after("Collecting torch>=2.8\n").text == "Looking for torch …"
    assert written.after("Collecting numpy<3,>=1.2 (from x)\n").text == "Looking for numpy …"


def test_a_download_grows_with_its_file(written) -> None:
    line = "  Downloading torch-2.13.0-cp312-manylinux_2_28_x86_64.whl (100.0 MB)\n"
    assert written.after("Collecting torch\n" + line).text == "Downloading torch: 0 of 100 MB"
    file = written.scratch / "pip-unpack-1" / "torch-2.13.0-cp312-manylinux_2_28_x86_64.whl"
    file.parent.mkdir(parents=True)
    with file.open("wb") as handle:
        handle.truncate(50 * 10**6)
    progress = written.after("")
    assert progress.text == "Downloading torch: 50 of 100 MB"
    assert progress.share == pytest.approx(0.65 * 0.25)


def test_what_came_before_counts(written) -> None:
    progress = written.after("Downloading a-1.whl (80.0 MB)\nUsing cached b-1.whl (20.0 MB)\nCollecting c\n")
    assert progress.share == pytest.approx(0.65 * 0.5)


def test_more_than_expected_is_not_more_than_all(written) -> None:
    assert written.after("Downloading a-1.whl (3.0 GB)\nCollecting b\n").share == pytest.approx(0.65)


def test_descriptions_are_no_downloads(written) -> None:
    assert written.after("Collecting a\n  Downloading a-1.whl.metadata (27 kB)\n").text == "Looking for a …"


def test_a_local_file_is_prepared(written) -> None:
    assert written.after("Processing /a b/torch-9.1.0-py3-none-any.whl\n").text == "Preparing torch …"


def test_a_line_that_has_come_in_part_is_waited_for(written) -> None:
    written.after("Collecting tor")
    assert written.after("").text == "Looking for pip …"
    assert written.after("ch\r\n").text == "Looking for torch …"


def test_installing_counts_what_is_there(written) -> None:
    (written.packages / "typing_extensions-4.0.dist-info").mkdir(parents=True)
    progress = written.after("Installing collected packages: typing-extensions, torch, Ruamel.Yaml\n")
    assert progress.text == "Installing torch (2 of 3)"
    assert progress.share == pytest.approx(0.65 + 0.35 / 3)
    for name in ("torch-2.dist-info", "ruamel.yaml-1.dist-info"):
        (written.packages / name).mkdir()
    assert written.after("").text == "Installing Ruamel.Yaml (3 of 3)"
    assert written.after("").share == pytest.approx(1.0)
    (written.packages / "torch-2.dist-info").rmdir()
    assert written.after("").share == pytest.approx(1.0), "progress never goes back"


def test_a_small_download_is_named_without_its_size(written) -> None:
    assert written.after("Downloading filelock-4.2.11-py3-none-any.whl (16 kB)\n").text == "Downloading filelock …"


def test_the_tail_of_a_log_is_short_and_a_missing_one_is_empty(tmp_path) -> None:
    file = tmp_path / "log"
    file.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert tail(file, 3) == ("line 9997", "line 9998", "line 9999")
    assert tail(tmp_path / "nothing") == ()
