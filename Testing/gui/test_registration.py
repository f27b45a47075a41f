"""Sample data and terminologies, as Slicer gets them when it has started."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import hippocampus, registration, sample_buttons
from SSLSegmentationLib.gui.backend.child import ending
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.downloading import download
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.sample_loading import content_digest, load_phantom
from SSLSegmentationLib.gui.samples import HIPPOCAMPUS, PHANTOMS
from SSLSegmentationLib.gui.settings import DATA_FOLDER
from SSLSegmentationLib.gui.widgets.progress_window import ProgressWindow
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan
from Testing.data import REPOSITORY, real_data
from Testing.gui.sample_data import sample_data_module
from Testing.gui.slow_server import Server, serving
from Testing.harness.watchdog import LONGEST_BLOCK, pump

RESOURCES = REPOSITORY / "SSLSegmentation" / "Resources"
CHECKSUMS = Path("Checksums") / f"{HIPPOCAMPUS.name}.sha256"


@pytest.fixture(autouse=True)
def own_session(scene: Any, tmp_path: Path) -> Iterator[None]:
    default_session().settings.set(DATA_FOLDER, str(tmp_path / "data"))
    yield
    close_default_session()


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """The module's resources, with the checksums of the archive made here."""
    copy = tmp_path / "resources"
    shutil.copytree(RESOURCES, copy)
    archive(tmp_path / "public.tar")
    pairs = sorted((tmp_path / "files").glob("*Tr/*.nii.gz"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.parent.name}/{path.name}\n" for path in pairs]
    assert len(lines) == 2
    (copy / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    return copy


@pytest.fixture(params=["5.6", "5.12"])
def registered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, resources: Path) -> dict[str, Any]:
    module, sources, titles = sample_data_module(version=request.param)
    monkeypatch.setitem(sys.modules, "SampleData", module)
    registration.register(resources)
    assert bool(titles) == (request.param != "5.6")
    return {source.sampleName: source for source in sources["SSLSegmentation"]}


def archive(path: Path, *, dataset: bool = True) -> Path:
    """A small archive as the public one is: images, labels, notes of macOS, and things that nobody should write."""
    phantom = make_phantom("ct_l3", seed=3, shape=(4, 16, 16))
    (scan,) = phantom.scans.values()
    folder = path.parent / "files"
    write_scan(folder / "imagesTr" / "hippocampus_001.nii.gz", scan)
    write_label_map(folder / "labelsTr" / "hippocampus_001.nii.gz", phantom.label_map)
    labels = {"0": "background", **{str(tissue.value): tissue.name for tissue in phantom.tissues}}
    pair = {"image": "./imagesTr/hippocampus_001.nii.gz", "label": "./labelsTr/hippocampus_001.nii.gz"}
    description = {"name": "x", "modality": {"0": "MRI"}, "labels": labels, "training": [pair], "test": []}
    if dataset:
        (folder / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    with tarfile.open(path, "w") as made:
        made.add(folder, HIPPOCAMPUS.name)
        for name in (f"{HIPPOCAMPUS.name}/._dataset.json", f"{HIPPOCAMPUS.name}/../../evil.txt", "/absolute.txt", "outside.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            made.addfile(entry, io.BytesIO(b"evil"))
        large = tarfile.TarInfo(f"{HIPPOCAMPUS.name}/too/deep/large.bin")
        large.size = 2_000_000
        made.addfile(large, io.BytesIO(bytes(large.size)))
        link = tarfile.TarInfo(f"{HIPPOCAMPUS.name}/link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    return path


def test_every_sample_has_a_checksum_of_the_right_length(registered: dict[str, Any]) -> None:
    assert len(registered) == 3
    for source in registered.values():
        algorithm, _, digest = source.checksums[0].partition(":")
        assert len(digest) == {"SHA256": 64, "MD5": 32}[algorithm]
        assert Path(source.thumbnailFileName).is_file()


@pytest.mark.parametrize("name", list(PHANTOMS))
def test_a_press_of_the_button_makes_the_published_phantom(
    registered: dict[str, Any], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    sample = PHANTOMS[name]
    source = registered[sample.title]
    source.customDownloader(source)
    assert pump(lambda: slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1, timeout=60)
    volume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    truth = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    made = make_phantom(sample.kind, seed=sample.seed)
    first = next(iter(made.scans.values()))
    assert np.array_equal(slicer.util.arrayFromVolume(volume), first.array)
    assert content_digest(first, made.label_map) == sample.sha256
    assert truth.GetSegmentation().GetNumberOfSegments() == len(made.tissues)
    assert "differs from the published one" not in caplog.text


@pytest.mark.parametrize("name", list(PHANTOMS))
def test_no_step_of_a_phantom_is_long(name: str) -> None:
    steps = load_phantom(default_session(), PHANTOMS[name])
    longest = 0.0
    while True:
        # CPU time: the machine may be busy with other things.
        began = time.process_time()
        progress = next(steps, None)
        longest = max(longest, time.process_time() - began)
        if progress is None:
            break
        time.sleep(0.005 if progress.waits else 0.0)
    assert longest < LONGEST_BLOCK, f"{1000 * longest:.0f} ms"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, resources: Path) -> Iterator[Server]:
    """Where the hippocampus scans come from, which a person may have to wait for."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with serving() as made:
        made.content = (tmp_path / "public.tar").read_bytes()
        checksum = f"MD5:{hashlib.md5(made.content).hexdigest()}"
        local = replace(HIPPOCAMPUS, url=made.url, checksum=checksum)
        for module in (hippocampus, sample_buttons):
            monkeypatch.setattr(module, "HIPPOCAMPUS", local)
        yield made


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The progress windows that were opened."""
    opened: list[Any] = []

    class Noted(ProgressWindow):
        def __init__(self, title: str) -> None:
            super().__init__(title)
            opened.append(self)

    monkeypatch.setattr(sample_buttons, "ProgressWindow", Noted)
    return opened


def loaded() -> bool:
    return bool(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"))


def press(registered: dict[str, Any]) -> None:
    source = registered[HIPPOCAMPUS.title]
    source.customDownloader(source)


def test_the_hippocampus_is_downloaded_beside_the_window_unpacked_safely_and_one_scan_is_loaded(
    registered: dict[str, Any], server: Server, windows: list[Any], tmp_path: Path, events: Any, watchdog: Any
) -> None:
    server.pieces, server.pause = 20, 0.05
    assert server.asked == 0, "nothing is downloaded before the button is pressed"
    press(registered)
    (window,) = windows
    assert window.widget.visible
    assert pump(lambda: "Downloading" in window.progress.text.text and 0 < window.progress.bar.value < 1000, timeout=30)
    assert pump(loaded, timeout=30)
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    assert server.asked == 1 and events.messages == []
    assert not window.widget, "it is gone"
    folder = tmp_path / "data" / "samples" / HIPPOCAMPUS.name
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert there == ["dataset.json", "imagesTr/hippocampus_001.nii.gz", "labelsTr/hippocampus_001.nii.gz"]
    assert not list(tmp_path.rglob("evil.txt"))
    assert any("dataset.json" in text for text in events.status_messages)
    assert [path.name for path in default_session().scratch.iterdir() if path.name.startswith("download")] == []
    press(registered)
    assert pump(lambda: slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 2)
    assert server.asked == 1, "what is there is not downloaded again"


@pytest.mark.parametrize("by_hand", [False, True])
def test_cancelling_a_download_ends_it_at_once_and_leaves_nothing(
    registered: dict[str, Any], server: Server, windows: list[Any], tmp_path: Path, events: Any, watchdog: Any, by_hand: bool
) -> None:
    server.pieces, server.pause = 200, 0.2
    press(registered)
    (window,) = windows
    assert pump(lambda: "Downloading" in window.progress.text.text, timeout=30)
    if by_hand:
        window.widget.reject()
    else:
        window.progress.cancel_button.click()
    assert not window.widget.visible
    assert pump(lambda: not ending() and server.broken == 1, timeout=5)
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
    assert events.messages == [] and not loaded()
    assert not (tmp_path / "data" / "samples").exists()
    assert list(default_session().scratch.rglob("*.part")) == []


def test_a_download_that_fails_is_told(registered: dict[str, Any], server: Server, windows: list[Any], events: Any) -> None:
    for number, change in enumerate(({"status": 404}, {"status": 200, "content": b"something else"})):
        for name, value in change.items():
            setattr(server, name, value)
        press(registered)
        assert pump(lambda count=number: len(events.messages) == count + 1, timeout=30)
        assert not windows[-1].widget, "it is gone"
    refused, damaged = events.texts
    assert "Not Found" in refused and server.url in refused
    assert "checksum" in damaged and server.url in damaged


def test_a_server_that_is_not_there_is_told(
    registered: dict[str, Any], server: Server, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    monkeypatch.setattr(hippocampus, "HIPPOCAMPUS", replace(HIPPOCAMPUS, url="http://127.0.0.1:9/archive.tar"))
    press(registered)
    assert pump(lambda: events.messages, timeout=30)
    assert "refused" in events.texts[0] and "127.0.0.1:9" in events.texts[0]


def test_a_server_that_does_not_tell_the_size_is_followed_without_it(tmp_path: Path, server: Server) -> None:
    server.tells_size, server.pieces, server.pause = False, 4, 0.05
    operation = Operation(download(hippocampus.HIPPOCAMPUS, tmp_path / "a.tar"))
    assert operation.wait(timeout=30).read_bytes() == server.content
    assert sorted(path.name for path in tmp_path.glob("a.tar*")) == ["a.tar"]


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_damaged_archive_leaves_nothing(tmp_path: Path, resources: Path, content: bytes) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_bytes(content)
    with pytest.raises(SSLSegmentationError, match=r"damaged|lacks imagesTr/hippocampus_001\.nii\.gz"):
        Operation(hippocampus.unpack(broken, tmp_path / "samples" / "x", resources / CHECKSUMS)).wait()
    assert list((tmp_path / "samples").iterdir()) == []


def test_an_archive_without_description_is_refused(tmp_path: Path, resources: Path) -> None:
    (tmp_path / "files" / "dataset.json").unlink()
    made = archive(tmp_path / "a.tar", dataset=False)
    with pytest.raises(SSLSegmentationError, match=r"no dataset\.json"):
        Operation(hippocampus.unpack(made, tmp_path / "samples" / "x", resources / CHECKSUMS)).wait()


def test_an_archive_with_another_scan_than_the_published_one_is_refused(tmp_path: Path, resources: Path) -> None:
    listed = resources / CHECKSUMS
    listed.write_text("0" * 64 + "  labelsTr/hippocampus_001.nii.gz\n", encoding="utf-8")
    with pytest.raises(SSLSegmentationError, match=r"labelsTr/hippocampus_001\.nii\.gz is not the published file"):
        Operation(hippocampus.unpack(tmp_path / "public.tar", tmp_path / "samples" / "x", listed)).wait()
    assert list((tmp_path / "samples").iterdir()) == []


def test_the_published_checksums_are_those_of_the_real_scans() -> None:
    folder = real_data("hippocampus_mri")
    lines = (RESOURCES / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    found = sorted((*folder.glob("imagesTr/*.nii.gz"), *folder.glob("labelsTr/*.nii.gz")))
    digests = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
    assert lines == [f"{digest}  {name}" for name, digest in digests.items()]


def test_fats_have_a_terminology_that_slicer_reads(scene: Any) -> None:
    (context,) = registration.register_terminologies(RESOURCES / "Terminologies")
    logic = slicer.modules.terminologies.logic()
    category, kind, modifier = (slicer.vtkSlicerTerminologyCategory(), *(slicer.vtkSlicerTerminologyType() for _ in range(2)))
    assert logic.GetNthCategoryInTerminology(context, 0, category) and category.GetCodeMeaning() == "Tissue"
    found = {}
    for number in range(logic.GetNumberOfTypesInTerminologyCategory(context, category)):
        assert logic.GetNthTypeInTerminologyCategory(context, category, number, kind)
        found[kind.GetSlicerLabel()] = tuple(kind.GetRecommendedDisplayRGBValue())
        for index in range(logic.GetNumberOfTypeModifiersInTerminologyType(context, category, kind)):
            assert logic.GetNthTypeModifierInTerminologyType(context, category, kind, index, modifier)
            found[modifier.GetSlicerLabel()] = tuple(modifier.GetRecommendedDisplayRGBValue())
    assert found == {
        "subcutaneous fat": (230, 220, 70),
        "fat": (230, 220, 70),
        "visceral fat": (230, 159, 0),
        "intermuscular fat": (255, 221, 140),
    }
    entry = slicer.vtkSlicerTerminologyEntry()
    tail = "SCT^55603005^Adipose tissue~SCT^52731004^Abdominal cavity~Anatomic codes - DICOM master list~^^~^^"
    assert logic.DeserializeTerminologyEntry(f"{context}~SCT^85756007^Tissue~{tail}", entry)


def check_digit_fits(code: str) -> bool:
    """SNOMED's own check (Verhoeff): the dihedral group of order 10 over a permutation by position."""

    def times(one: int, two: int) -> int:
        if one < 5:
            return (one + two) % 5 + (5 if two >= 5 else 0)
        return (one - two) % 5 + (0 if two >= 5 else 5)

    step = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    total = 0
    for place, digit in enumerate(int(letter) for letter in reversed(code)):
        for _ in range(place % 8):
            digit = step[digit]
        total = times(total, digit)
    return total == 0


def test_every_code_has_a_sound_check_digit() -> None:
    codes: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            codes.extend([value["CodeValue"]] if "CodeValue" in value else [])
            for part in value.values():
                collect(part)
        elif isinstance(value, list):
            for part in value:
                collect(part)

    for path in (RESOURCES / "Terminologies").glob("*.term.json"):
        collect(json.loads(path.read_text(encoding="ascii")))
    assert len(codes) >= 5 and all(check_digit_fits(code) for code in codes)
    assert not check_digit_fits("67769003")


def test_slicer_starts_without_the_modules(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SampleData", None)
    monkeypatch.delattr(slicer.modules, "terminologies")
    registration.register(RESOURCES)
    assert registration.register_terminologies(RESOURCES / "Terminologies") == []
