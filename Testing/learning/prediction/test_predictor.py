"""The predictor as a whole: label maps lie exactly on their scans, models of all kinds, warnings, bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import SIGMOID, SOFTMAX
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.familiarity import ranges_of, scan_facts
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.preprocess import fit_to_shape
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.learning.device import CudaDevices
from SSLSegmentationLib.learning.model_package import save_ensemble, save_model
from SSLSegmentationLib.learning.networks import NETWORKS, build_network
from SSLSegmentationLib.learning.prediction import predictor as predictor_module
from SSLSegmentationLib.learning.prediction.predictor import Predictor
from Testing.data import real_data
from Testing.learning.prediction.small_models import TISSUES, model_card, preprocessing, save_untrained

ONE_TISSUE = TissueTable.from_values([7])


class Threshold(nn.Module):
    """A network that is sure of the tissue where the first channel of its middle slice is above its mean."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(50.0))
        self.middle = in_channels // 2

    def forward(self, x: Tensor) -> Tensor:
        return self.sharpness * x[:, self.middle : self.middle + 1]


def build_threshold(plan: Mapping[str, Any]) -> Threshold:
    return Threshold(int(plan["in_channels"]))


def save_threshold(folder: Path, monkeypatch: pytest.MonkeyPatch, **facts: Any) -> Path:
    monkeypatch.setitem(NETWORKS, "threshold", build_threshold)
    card = model_card(activation=SIGMOID, tissues=ONE_TISSUE, **facts)
    card = dataclasses.replace(card, network={**card.network, "name": "threshold"})
    save_model(folder, card, build_threshold(card.network).state_dict())
    return folder


def rotation(degrees: float) -> npt.NDArray[np.float64]:
    a = np.deg2rad(degrees)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    return about_z @ about_x


DIRECTIONS = {
    "axial": np.eye(3),
    "oblique": rotation(23.0),
    "flipped": np.diag([-1.0, 1.0, -1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "sagittal": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]),
    "oblique coronal, left-handed": rotation(-17.0) @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
}


def ellipsoid(direction: npt.NDArray[np.float64], *, shape: tuple[int, int, int] = (18, 26, 22)) -> Scan:
    """A bright, lopsided blob with a soft edge, so that every flip or shift of one voxel shows."""
    geometry = Geometry(shape, (1.0, 1.3, 2.1), (-31.0, 12.5, 400.0), tuple(float(value) for value in direction.reshape(-1)))
    s, r, c = np.meshgrid(*[np.arange(side, dtype=float) for side in shape], indexing="ij")
    blob = np.exp(-(((s - 5) / 4) ** 2) - ((r - 16) / 5) ** 2 - ((c - 8) / 3) ** 2)
    blob += 0.8 * np.exp(-(((s - 12) / 2) ** 2) - ((r - 6) / 3) ** 2 - ((c - 15) / 4) ** 2)
    return Scan((1000 * blob).astype(np.float32), geometry)


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("slice_axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("dims", "neighbours"), [(2, 0), (2, 2), (3, 0)])
def test_a_threshold_network_marks_exactly_the_scans_own_voxels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, slice_axis: str, dims: int, neighbours: int
) -> None:
    scan = ellipsoid(DIRECTIONS[name])
    plan = preprocessing(slice_axis=slice_axis, neighbour_slices=neighbours)
    # Windows of 8 in 3D: the sliding window takes part.
    model = save_threshold(
        tmp_path / "m", monkeypatch, dims=dims, in_channels=2 * neighbours + 1, plan=plan, training_shape=(8,) * dims
    )
    found = Predictor(model, device="cpu", precision="float32").predict([scan]).label_map
    assert found.geometry == scan.geometry
    inside = scan.array > scan.array.astype(np.float64).mean()
    assert np.array_equal(found.array, np.where(inside, 7, 0))


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("spacing", [[1.0, 1.0, 1.0], [3.0, 0.8, 2.0]])
def test_through_another_spacing_the_label_map_still_lies_on_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, spacing: list[float]
) -> None:
    scan = ellipsoid(DIRECTIONS[name])
    model = save_threshold(tmp_path / "m", monkeypatch, plan=preprocessing(spacing=spacing))
    found = Predictor(model, device="cpu", precision="float32").predict([scan]).label_map
    assert found.geometry == scan.geometry
    inside = scan.array > scan.array.astype(np.float64).mean()
    dice = 2 * np.sum(inside & (found.array == 7)) / (inside.sum() + (found.array == 7).sum())
    shifted = np.roll(inside, 1, axis=2)
    assert dice > 0.93
    assert dice > 2 * np.sum(inside & shifted) / (2 * inside.sum())


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("activation", [SOFTMAX, SIGMOID])
def test_label_map_and_probabilities_of_a_u_net_agree(tmp_path: Path, dims: int, activation: str) -> None:
    scan = ellipsoid(DIRECTIONS["oblique"])
    model = save_untrained(tmp_path / "m", model_card(dims=dims, activation=activation, training_shape=(8,) * dims))
    found = Predictor(model, device="cpu").predict([scan], probabilities=True)
    assert found.probabilities is not None
    assert found.probabilities.shape == (2, *scan.geometry.shape)
    assert found.label_map.tissues == TISSUES
    best = found.probabilities.argmax(axis=0) + 1
    marked = found.label_map.array > 0
    assert np.array_equal(found.label_map.array[marked], best[marked])
    if activation == SIGMOID:
        assert np.array_equal(marked, found.probabilities.max(axis=0) >= 0.5)


def test_a_network_sees_in_training_and_prediction_the_same_for_a_whole_slice(tmp_path: Path) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    card = model_card()
    torch.manual_seed(2)
    network = build_network(card.network).eval()
    save_model(tmp_path / "m", card, network.state_dict())
    found = Predictor(tmp_path / "m", device="cpu", precision="float32").predict([scan], probabilities=True)
    image = (scan.array - scan.array.mean(dtype=np.float64)) / scan.array.std(dtype=np.float64)
    # Training pads with zeros around the middle; prediction must do the same.
    shown, inside = fit_to_shape(image.astype(np.float32), card.training_shape)
    with torch.inference_mode():
        direct = network(torch.from_numpy(shown)[:, None]).softmax(dim=1)[:, 1:].transpose(0, 1).numpy()
    assert found.probabilities is not None
    assert np.abs(found.probabilities - direct[..., inside].reshape(found.probabilities.shape)).max() < 1e-5


def test_a_volume_little_larger_than_the_training_shape_is_computed_as_a_whole(tmp_path: Path) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    card = model_card(dims=3, training_shape=(16, 18, 22))
    torch.manual_seed(2)
    network = build_network(card.network).eval()
    save_model(tmp_path / "m", card, network.state_dict())
    found = Predictor(tmp_path / "m", device="cpu", precision="float32").predict([scan], probabilities=True)
    image = (scan.array - scan.array.mean(dtype=np.float64)) / scan.array.std(dtype=np.float64)
    with torch.inference_mode():
        direct = network(torch.from_numpy(image.astype(np.float32))[None, None]).softmax(dim=1)[0, 1:]
    assert found.probabilities is not None
    assert np.abs(found.probabilities - direct.numpy()).max() < 1e-5


def test_an_ensemble_averages_probabilities(tmp_path: Path) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    card = model_card()
    members = []
    for seed in range(3):
        save_untrained(tmp_path / f"{seed}", card, seed=seed)
        members.append(build_network(card.network).state_dict())
    save_ensemble(tmp_path / "all", card, members)
    alone = []
    for number, weights in enumerate(members):
        save_model(tmp_path / f"one{number}", card, weights)
        alone.append(Predictor(tmp_path / f"one{number}", device="cpu").predict([scan], probabilities=True).probabilities)
    together = Predictor(tmp_path / "all", device="cpu").predict([scan], probabilities=True).probabilities
    assert together is not None
    assert np.abs(together - np.mean(np.array(alone), axis=0)).max() < 1e-5


def test_real_scans_of_any_size_go_through_one_loaded_model(tmp_path: Path) -> None:
    files = sorted((real_data("hippocampus_mri") / "imagesTr").glob("*.nii.gz"))[:4]
    predictor = Predictor(save_untrained(tmp_path / "m", model_card(levels=4)), device="cpu")
    for path in files:
        scan = read_scan(path)
        found = predictor.predict([scan])
        assert found.label_map.array.shape == scan.array.shape
        again = predictor.predict([scan])
        assert np.array_equal(found.label_map.array, again.label_map.array)


def test_the_number_of_channels_must_be_the_models(tmp_path: Path) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    card = model_card(in_channels=2, channels=("T1", "T2"), plan=preprocessing(channels=2))
    predictor = Predictor(save_untrained(tmp_path / "m", card), device="cpu")
    assert predictor.predict([scan, scan]).label_map.array.shape == scan.array.shape
    with pytest.raises(SSLSegmentationError) as caught:
        predictor.predict([scan])
    assert caught.value.code == "data.unpaired_channels"


def test_a_pretext_model_says_that_it_does_not_segment(tmp_path: Path) -> None:
    model = save_untrained(tmp_path / "m", model_card(task="context_restoration", activation="none"))
    with pytest.raises(SSLSegmentationError, match="Fine-tune it first") as caught:
        Predictor(model, device="cpu")
    assert caught.value.code == "model.incompatible"


@pytest.mark.parametrize(
    "changes",
    [
        {"normalisation": "magic"},
        {"slice_axis": "diagonal"},
        {"spacing": [1e-9, 1.0, 1.0]},
        {"spacing": ["x", 1, 1]},
        {"windows": [[0, 1]]},
        {"windows": [[1]]},
        {"channels": 2},
        {"neighbour_slices": 1},
        {"neighbour_slices": -1},
        {"channels": 10**400},
        {"windows": None},
    ],
)
def test_an_unsound_preprocessing_plan_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    model = save_untrained(tmp_path / "m", model_card(plan=preprocessing(**changes)))
    with pytest.raises(SSLSegmentationError) as caught:
        Predictor(model, device="cpu")
    assert caught.value.code == "model.invalid"


def test_a_missing_key_of_the_preprocessing_plan_is_refused(tmp_path: Path) -> None:
    plan = preprocessing()
    del plan["slice_axis"]
    with pytest.raises(SSLSegmentationError) as caught:
        Predictor(save_untrained(tmp_path / "m", model_card(plan=plan)), device="cpu")
    assert caught.value.code == "model.invalid"


def test_a_ct_scan_given_to_an_mri_model_is_remarked(tmp_path: Path) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    model = save_untrained(tmp_path / "m", model_card(intensity=ranges_of([scan_facts([scan])])))
    predictor = Predictor(model, device="cpu")
    assert predictor.predict([scan]).warnings == ()
    ct = next(iter(make_phantom("ct_body", seed=1).scans.values()))
    warnings = " ".join(predictor.predict([ct]).warnings)
    assert "as a CT scan is" in warnings
    assert "voxel spacing" in warnings
    assert "extent" in warnings


@pytest.mark.parametrize("ranges", [{"spacing": 3}, {"scans": 1, "channels": []}])
def test_ranges_that_are_none_are_refused_when_the_model_is_loaded(tmp_path: Path, ranges: dict[str, Any]) -> None:
    model = save_untrained(tmp_path / "m", model_card(intensity=ranges))
    with pytest.raises(SSLSegmentationError) as caught:
        Predictor(model, device="cpu")
    assert caught.value.code == "model.invalid"


def test_too_little_memory_is_refused_before_computing(tmp_path: Path) -> None:
    model = save_untrained(tmp_path / "m", model_card())
    with pytest.raises(SSLSegmentationError, match="MB") as caught:
        Predictor(model, device="cpu", memory_bytes=10**7).predict([ellipsoid(DIRECTIONS["axial"])])
    assert caught.value.code == "memory.host"
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("dims", [2, 3])
def test_enough_memory_changes_nothing(tmp_path: Path, dims: int) -> None:
    scan = ellipsoid(DIRECTIONS["axial"])
    model = save_untrained(tmp_path / "m", model_card(dims=dims, training_shape=(8,) * dims))
    free = Predictor(model, device="cpu").predict([scan]).label_map.array
    assert np.array_equal(free, Predictor(model, device="cpu", memory_bytes=10**11).predict([scan]).label_map.array)


def test_a_graphics_card_that_torch_cannot_use_is_told_once_and_the_cpu_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_untrained(tmp_path / "m", model_card())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(predictor_module, "find_cuda", lambda: CudaDevices((8,)))
    predictor = Predictor(model)
    (warning,) = predictor.warnings
    assert "the CPU computes" in warning
    assert predictor.predict([ellipsoid(DIRECTIONS["axial"])]).label_map.array.shape == (18, 26, 22)
    with pytest.raises(SSLSegmentationError) as caught:
        Predictor(model, device="cuda")
    assert caught.value.code == "environment.no_device"
    assert Predictor(model, device="cpu").warnings == ()


def test_a_device_that_is_not_there_is_an_error_of_the_environment(tmp_path: Path) -> None:
    model = save_untrained(tmp_path / "m", model_card())
    with pytest.raises(SSLSegmentationError) as caught:
        Predictor(model, device="cuda:99")
    assert caught.value.exit_code == 4
