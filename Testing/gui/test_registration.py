"""Sample data and terminologies, as Slicer gets them when it has started."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.gui import hippocampus, registration
from SSLSegmentationLib.gui.default_session import close_default_session, default_session
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.sample_loading import content_digest, load_phantom
from SSLSegmentationLib.gui.samples import HIPPOCAMPUS, PHANTOMS
from SSLSegmentationLib.gui.settings import DATA_FOLDER
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan
from Testing.data import REPOSITORY
from Testing.gui.sample_data import no_such_file, sample_data_module
from Testing.harness.watchdog import pump

RESOURCES = REPOSITORY / "SSLSegmentation" / "Resources"


@pytest.fixture(autouse=True)
def own_session(scene: Any, tmp_path: Path) -> Iterator[None]:
    default_session().settings.set(DATA_FOLDER, str(tmp_path / "data"))
    yield
    close_default_session()


@pytest.fixture(params=["5.6", "5.12"])
def registered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module, sources, titles = sample_data_module(version=request.param)
    monkeypatch.setitem(sys.modules, "SampleData", module)
    registration.register(RESOURCES)
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
    assert longest < 0.1, f"{1000 * longest:.0f} ms"


def test_the_hippocampus_is_unpacked_safely_and_one_scan_is_loaded(
    registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, events: Any
) -> None:
    asked = []

    def download(uri: str, name: str, checksum: str) -> Path:
        asked.append((uri, name, checksum))
        return archive(tmp_path / name)

    monkeypatch.setitem(sys.modules, "SampleData", sample_data_module(version="5.6", download=download)[0])
    source = registered[HIPPOCAMPUS.title]
    assert asked == [], "nothing is downloaded before the button is pressed"
    source.customDownloader(source)
    assert asked == [(HIPPOCAMPUS.url, f"{HIPPOCAMPUS.name}.tar", HIPPOCAMPUS.checksum)]
    assert pump(lambda: slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1)
    folder = tmp_path / "data" / "samples" / HIPPOCAMPUS.name
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert there == ["dataset.json", "imagesTr/hippocampus_001.nii.gz", "labelsTr/hippocampus_001.nii.gz"]
    assert not list(tmp_path.rglob("evil.txt"))
    assert any("dataset.json" in text for text in events.status_messages)
    changed = (folder / "dataset.json").stat().st_mtime_ns
    assert Operation(hippocampus.unpack(default_session(), tmp_path / "gone.tar")).wait() == folder
    assert (folder / "dataset.json").stat().st_mtime_ns == changed


@pytest.mark.parametrize(
    ("download", "fact"),
    [(no_such_file, "does not match"), (lambda uri, name, checksum: "", "did not arrive")],
)
def test_a_download_that_fails_is_told(
    registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch, events: Any, download: Any, fact: str
) -> None:
    monkeypatch.setitem(sys.modules, "SampleData", sample_data_module(version="5.12", download=download)[0])
    registered[HIPPOCAMPUS.title].customDownloader(registered[HIPPOCAMPUS.title])
    (message,) = events.messages
    assert fact in message.text and HIPPOCAMPUS.url in message.text


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_damaged_archive_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_bytes(content)
    with pytest.raises(Exception, match="damaged|dataset.json"):
        Operation(hippocampus.unpack(default_session(), broken)).wait()
    assert list((tmp_path / "data" / "samples").iterdir()) == []


def test_an_archive_without_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"no dataset\.json"):
        Operation(hippocampus.unpack(default_session(), archive(tmp_path / "a.tar", dataset=False))).wait()


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
