"""A plan says what will be done and what it costs, and refuses what can't work."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.backend import environment
from SSLSegmentationLib.gui.backend.environment import default_folder, make_plan, split_options
from SSLSegmentationLib.gui.backend.packages import BUILDS, REQUIREMENTS, TORCH


def refused(code: str, **given) -> str:
    with pytest.raises(SSLSegmentationError) as caught:
        make_plan(sys.executable, **given)
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value.message


def test_each_system_has_its_data_folder(tmp_path) -> None:
    tail = Path("SSLSegmentation") / "backend"
    assert default_folder(environment={}, home=tmp_path, system="linux") == tmp_path / ".local/share" / tail
    assert default_folder(environment={"XDG_DATA_HOME": "/x"}, home=tmp_path, system="linux") == Path("/x") / tail
    assert default_folder(environment={}, home=tmp_path, system="darwin") == tmp_path / "Library/Application Support" / tail
    assert default_folder(environment={"LOCALAPPDATA": "/l"}, home=tmp_path, system="win32") == Path("/l/SSLSegmentation")
    assert default_folder().is_absolute()


def test_a_plan_tells_sizes_and_writes_nothing(tmp_path) -> None:
    folder = tmp_path / "not" / "there"
    plan = make_plan(sys.executable, folder=folder)
    assert 0 < plan.download_bytes < plan.disk_bytes
    assert plan.free_bytes is not None and plan.free_bytes > 0
    assert not folder.parent.exists()


def test_too_little_space_is_known_beforehand(tmp_path) -> None:
    plan = make_plan(sys.executable, folder=tmp_path)
    assert replace(plan, free_bytes=plan.disk_bytes).missing_bytes == plan.download_bytes
    assert replace(plan, free_bytes=None).missing_bytes == 0


def test_the_standard_build_is_one_plain_pip_command(tmp_path) -> None:
    (command,) = make_plan(sys.executable, folder=tmp_path, pip_options="--proxy 'http://a b'").pip_commands("py")
    assert command[:7] == ("py", "-I", "-X", "utf8", "-m", "pip", "install")
    assert command[-len(REQUIREMENTS) :] == REQUIREMENTS
    assert command[command.index("--proxy") + 1] == "http://a b"
    assert not any("index" in word for word in command)


def test_another_build_of_torch_comes_from_its_index_and_the_rest_from_pips_own(tmp_path) -> None:
    first, second = make_plan(sys.executable, folder=tmp_path, build=BUILDS["cu128"]).pip_commands("py")
    assert first[first.index("--index-url") + 1].endswith("/cu128")
    assert first[-1] == TORCH and "scipy>=1.11" not in first
    assert "--index-url" not in second
    assert second[-len(REQUIREMENTS) :] == REQUIREMENTS


@pytest.mark.parametrize("inside", [Path(sys.prefix), Path(environment.__file__).parents[2]])
def test_the_backend_never_goes_into_slicer_or_the_extension(inside) -> None:
    assert "an update would remove" in refused("usage.arguments", folder=inside / "backend")


def test_the_backend_never_goes_into_slicers_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SLICER_HOME", str(tmp_path))
    refused("usage.arguments", folder=tmp_path)


def test_the_whole_folder_of_an_installed_extension_is_refused(tmp_path, monkeypatch) -> None:
    package = tmp_path / "Extension/lib/Slicer-5.12/qt-scripted-modules/SSLSegmentationLib"
    monkeypatch.setattr(environment, "_PACKAGE", package)
    refused("usage.arguments", folder=tmp_path / "Extension" / "backend")
    make_plan(sys.executable, folder=tmp_path / "elsewhere")


def test_a_relative_folder_and_a_file_are_refused(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    refused("usage.arguments", folder="backend")
    assert "is a file" in refused("usage.arguments", folder=tmp_path / "file" / "backend")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert "cannot be written" in refused("disk.read_only", folder=tmp_path / "backend")


def test_a_path_that_is_too_long_for_windows_is_refused_there(monkeypatch) -> None:
    monkeypatch.setattr(environment.sys, "platform", "win32")
    inside = "/backend-1/Lib/site-packages/"
    longest_of_torch, longest_of_windows = 171, 259
    fits = longest_of_windows - longest_of_torch - len(inside)
    folder = f"{tempfile.gettempdir()}/".ljust(fits, "x")
    make_plan(sys.executable, folder=folder)
    assert "too much for Windows" in refused("usage.arguments", folder=f"{folder}x")


def test_the_usual_folder_of_windows_is_short_enough_for_a_long_name_of_a_person() -> None:
    local = "C:\\Users\\" + "n" * 20 + "\\AppData\\Local"
    folder = default_folder(environment={"LOCALAPPDATA": local}, system="win32")
    assert len(str(folder)) <= environment._WINDOWS_PATH_CHARACTERS


def test_quotes_in_options_are_understood(monkeypatch) -> None:
    assert split_options("--find-links '/a b' --no-index") == ("--find-links", "/a b", "--no-index")
    assert split_options("") == ()
    with pytest.raises(SSLSegmentationError, match="cannot be read"):
        split_options("--find-links '/a b")
    monkeypatch.setattr(environment.sys, "platform", "win32")
    assert split_options('--find-links "C:\\a b"') == ("--find-links", "C:\\a b")
    assert split_options('--cert="C:\\a b\\x.pem" -v') == ("--cert=C:\\a b\\x.pem", "-v"), "quotes within a word"
    assert split_options("--cert C:\\O'Brien\\x.pem") == ("--cert", "C:\\O'Brien\\x.pem")
    with pytest.raises(SSLSegmentationError, match="cannot be read"):
        split_options('--find-links "C:\\a b')
