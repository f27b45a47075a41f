"""The Slicer module on the stand-in for Slicer: the story on real scans, response times, cancelling, pictures of the panels.

    .venv-slicer/bin/python -m Testing.benchmarks.slicer_module story       the whole story on the hippocampus scans
    .venv-slicer/bin/python -m Testing.benchmarks.slicer_module apply       pressing Apply to the segmentation, cold and warm
    .venv-slicer/bin/python -m Testing.benchmarks.slicer_module biomarkers  20 tissues of a 512×512×300 CT phantom
    .venv-slicer/bin/python -m Testing.benchmarks.slicer_module cancel      20 trainings and 20 predictions ended
    .venv-slicer/bin/python -m Testing.benchmarks.slicer_module pictures    Resources/Docs/pictures, on phantoms

Needs both environments of `python3 scripts/test.py` and, for the first two, the hippocampus scans. Results:
results/slicer_<what>.json; times are wall seconds from pressing the button until the panel is ready again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
PICTURES = REPOSITORY / "Resources" / "Docs" / "pictures"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("SSLSEG_TEST_BACKEND", str(REPOSITORY / ".venv" / "bin" / "python"))
TIMES = 20
TIMEOUT = 900.0

Opener = Callable[[], Any]


def opener(data_folder: Path) -> Opener:
    """Opens the module as Slicer does, with its data in a folder of its own and the backend set up."""
    from Testing.harness import install

    install()
    from Testing.harness.application import boot, new_stage

    boot()
    stage = new_stage()
    import qt
    import slicer

    from SSLSegmentationLib.gui.module_widget import ModuleWidget
    from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, Settings
    from Testing.harness.watchdog import pump

    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(data_folder))
    settings.set(BACKEND_PYTHON, os.environ["SSLSEG_TEST_BACKEND"])
    kept: list[Any] = [stage]

    def open_module() -> Any:
        window = qt.QWidget()
        made = ModuleWidget(qt.QVBoxLayout(window))
        made.window = window  # type: ignore[attr-defined]  # PythonQt objects take new attributes
        window.resize(400, 900)
        window.show()
        kept.append(made)
        assert pump(lambda: not made.opening.running, timeout=60)
        return made

    return open_module


def press(panel: Any, button: Any) -> tuple[float, float]:
    """Seconds until the panel is ready again, and the longest block of the GUI thread meanwhile."""
    from Testing.harness.watchdog import Watchdog, pump

    with Watchdog() as watchdog:
        began = time.perf_counter()
        button.click()
        assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
        seconds = time.perf_counter() - began
    return seconds, watchdog.longest.seconds


def story(work: Path) -> dict[str, Any]:
    """Row by row as a person does it, on the real scans."""
    from Testing.data import real_data

    data_folder = real_data("hippocampus_mri")
    open_module = opener(work)
    from SSLSegmentationLib.gui.selftest.story import Data
    from Testing.gui.story import play

    splits = json.loads((data_folder / "splits.json").read_text(encoding="utf-8"))
    scan = data_folder / "imagesTr" / f"{splits['validation'][0]}.nii.gz"
    data = Data(
        scan, data_folder / "imagesTr", data_folder / "labelsTr", "mri", str(data_folder / "dataset.json"),
        str(data_folder / "splits.json"), labelled=9, minutes=1.0, continue_minutes=0.5,
    )  # fmt: skip
    told = play(open_module, data)
    blocks = {name: {"seconds": seconds, "slot": slot.rpartition(" of ")[2]} for name, (seconds, slot) in told.blocks.items()}
    return {"seconds": told.seconds, "longest_block_s": told.longest_block, "blocks": blocks}


def apply(work: Path, model: Path) -> dict[str, Any]:
    """Cold: no worker runs. Warm: it has the model."""
    from Testing.data import real_data

    data_folder = real_data("hippocampus_mri")
    module = opener(work)()
    from Testing.gui.engine import load_volume

    splits = json.loads((data_folder / "splits.json").read_text(encoding="utf-8"))
    volume = load_volume(data_folder / "imagesTr" / f"{splits['validation'][0]}.nii.gz", "scan")
    panel = module.show_only("apply")
    panel.state.model = str(model.resolve())
    panel.save()
    panel.enter()
    panel.volume.setCurrentNode(volume)
    cold, warm, blocks = [], [], []
    for _ in range(5):
        module.session.engine.stop()
        seconds, block = press(panel, panel.apply_button)
        cold.append(seconds)
        blocks.append(block)
    for _ in range(10):
        seconds, block = press(panel, panel.apply_button)
        warm.append(seconds)
        blocks.append(block)
    module.cleanup()
    card = panel.models.model.card
    return {
        "network": {key: card.network[key] for key in ("dims", "base_width", "levels")},
        "cold_s": {"median": round(statistics.median(cold), 2), "slowest": round(max(cold), 2)},
        "warm_s": {"median": round(statistics.median(warm), 2), "slowest": round(max(warm), 2)},
        "longest_block_s": round(max(blocks), 3),
    }


def large_phantom() -> tuple[Any, Any]:
    """A volume of 300×512×512 voxels and its segmentation of 20 tissues."""
    from SSLSegmentationLib.contract.tissues import TissueTable
    from SSLSegmentationLib.gui.operation import Operation
    from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
    from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
    from SSLSegmentationLib.imaging.phantoms import make_phantom

    phantom = make_phantom("ct_body", seed=0, shape=(300, 512, 512), spacing=(0.78, 0.78, 1.0))
    labels = phantom.label_map.array
    third = (8 * (np.arange(300) // 100)).astype(np.uint8)[:, None, None]
    split = np.where(labels > 0, labels + third, labels)
    split[split > 20] = 0
    volume = Operation(volume_from_scan(phantom.scans["ct"], "large CT phantom")).wait()
    tissues = TissueTable.from_values(range(1, 21))
    return volume, Operation(create_segmentation(volume, name="20 tissues", label_map=split, tissues=tissues, tags={})).wait()


def biomarkers(work: Path) -> dict[str, Any]:
    """The table of the large phantom, and how soon it is given up."""
    module = opener(work)()
    from Testing.harness.watchdog import pump

    volume, segmentation = large_phantom()
    panel = module.show_only("biomarkers")
    panel.segmentation.setCurrentNode(segmentation)
    shares: list[float] = []
    show = panel.progress.show
    panel.progress.show = lambda progress: (shares.append(progress.share or 0.0), show(progress))
    runs = [press(panel, panel.measure_button) for _ in range(3)]
    told = len(set(shares))
    # Itself as the reference: every voxel of every tissue is compared.
    panel.reference.setCurrentNode(segmentation)
    compared, block_compared = press(panel, panel.measure_button)
    panel.reference.setCurrentNode(None)
    panel.measure_button.click()
    pump(timeout=1.0)
    began = time.perf_counter()
    panel.progress.cancel_button.click()
    cancelled = time.perf_counter() - began
    ended = panel.operation is None
    module.cleanup()
    return {
        "voxels": list(volume.GetImageData().GetDimensions()),
        "tissues": segmentation.GetSegmentation().GetNumberOfSegments(),
        "seconds": [round(seconds, 2) for seconds, _block in runs],
        "longest_block_s": round(max(block for _seconds, block in runs), 3),
        "with_reference": {"seconds": round(compared, 2), "longest_block_s": round(block_compared, 3)},
        "different_shares_of_progress_shown": told,
        "cancelled": ended,
        "cancel_s": round(cancelled, 3),
    }


def cancel(work: Path) -> dict[str, Any]:
    """Trainings and predictions ended by their buttons; a process tree must be gone in 2 s."""
    module = opener(work)()
    from SSLSegmentationLib.contract.jobs.processes import process_tree
    from SSLSegmentationLib.gui.panels.budgets import MINUTES
    from SSLSegmentationLib.gui.panels.scans.state import CT, FOLDERS, ScansState
    from Testing.gui.engine import load_volume, make_phantoms, train_model
    from Testing.harness.watchdog import pump

    images, labels = make_phantoms(work / "phantoms", count=4)
    module.session.change_state(ScansState(labelled=FOLDERS, images=str(images), labels=str(labels), modality=CT), name="scans")

    def seconds_until_gone(pid: int, button: Any) -> float:
        began = time.perf_counter()
        button.click()
        pump(lambda: not process_tree(pid), timeout=30)
        return round(time.perf_counter() - began, 2)

    panel = module.show_only("finetune")
    panel.state.preset, panel.state.budget, panel.state.minutes = "quick", MINUTES, 30.0
    panel.save()
    panel.show_state()
    trainings = []
    for _ in range(TIMES):
        panel.start_button.click()
        assert pump(lambda: panel.run is not None and panel.run.losses, timeout=120)
        pid = panel.run.handle.folder.read_status().pid
        trainings.append(seconds_until_gone(pid, panel.live.progress.cancel_button))
        assert pump(lambda: panel.operation is None, timeout=30)
    model = train_model(work, images, labels)
    load_volume(images / "ct_l3_0000.nii.gz", "scan")
    volume = _tall_volume()
    panel = module.show_only("apply")
    panel.state.model = str(model)
    panel.save()
    panel.enter()
    panel.volume.setCurrentNode(volume)
    predictions = []
    for _ in range(TIMES):
        panel.apply_button.click()
        assert pump(lambda: module.session.engine.hello() is not None and panel.operation.progress.share, timeout=120)
        pid = module.session.engine.pid
        predictions.append(_seconds_until_idle(panel, module, pid))
    module.cleanup()
    return {
        "training_s": {"each": trainings, "slowest": max(trainings), "in_2_s": sum(value <= 2 for value in trainings)},
        "prediction_s": {"each": predictions, "slowest": max(predictions), "in_2_s": sum(value <= 2 for value in predictions)},
    }


def _tall_volume() -> Any:
    """A volume that takes some seconds to segment."""
    from SSLSegmentationLib.gui.operation import Operation
    from SSLSegmentationLib.gui.scene.volumes import volume_from_scan
    from SSLSegmentationLib.imaging.phantoms import make_phantom

    return Operation(volume_from_scan(make_phantom("ct_body", seed=1, shape=(96, 512, 512)).scans["ct"], "tall")).wait()


def _seconds_until_idle(panel: Any, module: Any, pid: int) -> float:
    """Until the prediction no longer computes: its worker says so, or is gone with all that it started."""
    from SSLSegmentationLib.contract.jobs.processes import process_tree
    from Testing.harness.watchdog import pump

    began = time.perf_counter()
    panel.progress.cancel_button.click()
    assert panel.operation is None
    worker = module.session.engine
    pump(lambda: not worker.busy or not process_tree(pid), timeout=30)
    return round(time.perf_counter() - began, 2)


def pictures(work: Path) -> dict[str, Any]:
    """Every panel as a person sees it, on phantoms only."""
    module = opener(work)()
    from SSLSegmentationLib.gui.panels.scans.state import CT, FOLDERS, ScansState
    from SSLSegmentationLib.gui.selftest.person import Person
    from SSLSegmentationLib.gui.selftest.story import Data, Story
    from Testing.gui.engine import load_volume, make_phantoms
    from Testing.harness.pictures import save_picture
    from Testing.harness.watchdog import pump

    images, labels = make_phantoms(work / "phantoms", count=6)
    module.session.change_state(ScansState(labelled=FOLDERS, images=str(images), labels=str(labels), modality=CT), name="scans")
    PICTURES.mkdir(parents=True, exist_ok=True)
    person = Person(pump)
    story = Story(Data(images / "ct_l3_0005.nii.gz", images, labels, "ct", minutes=1.0), person, lambda: module)

    def take(name: str) -> None:
        section = module._sections[name]
        pump(timeout=0.3)
        save_picture(section, PICTURES / f"{name}.png")

    module.show_only("backend")
    pump(timeout=8)
    take("backend")
    panel = module.show_only("scans")
    person.wait(lambda: panel.operation is None and panel.found is not None, "finding the scans")
    take("scans")
    story.open()
    story.volume = load_volume(images / "ct_l3_0005.nii.gz", "abdomen phantom")
    story.preview()
    for name, action in (
        ("pretrain", story.pretrain),
        ("finetune", story.finetune),
        ("apply", story.apply),
        ("biomarkers", story.measure),
    ):
        action()
        take(name)
    module.show_only("runs")
    person.wait(lambda: len(module.session.runs.rows) == 2, "finding the runs")
    take("runs")
    module.cleanup()
    return {"pictures": sorted(path.name for path in PICTURES.glob("*.png")), "width": 400}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("story", "apply", "biomarkers", "cancel", "pictures"))
    parser.add_argument("--model", type=Path, default=REPOSITORY / "build" / "hippocampus" / "scratch-1", help="for apply")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slicer-module-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        made = {"story": story, "biomarkers": biomarkers, "cancel": cancel, "pictures": pictures}
        result = apply(work, arguments.model) if arguments.what == "apply" else made[arguments.what](work)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    if arguments.what != "pictures":
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"slicer_{arguments.what}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
