"""The sections of a config: every setting with default, unit, range and meaning. Defaults are those of preset `default`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Union

from SSLSegmentationLib.contract.config.fields import setting

Auto = str


@dataclass(frozen=True)
class DataConfig:
    """Which scans and labels."""

    unlabelled: Optional[Union[str, Tuple[str, ...]]] = setting(
        None, "paths", "folder, list or data set of scans to pretrain on", optional=True
    )
    dataset: Optional[str] = setting(None, "path", "dataset.json of a Medical Segmentation Decathlon data set", optional=True)
    images: Optional[str] = setting(None, "path", "folder of images", optional=True)
    labels: Optional[str] = setting(None, "path", "folder of label maps with the images' names", optional=True)
    cases: Optional[str] = setting(None, "path", "JSON list of {id, subject, images, label}", optional=True)
    splits: Optional[str] = setting(None, "path", "JSON with train, validation, label_order and subjects", optional=True)
    labelled_cases: Optional[int] = setting(
        None, "int", "use the labels of this many cases only", unit="cases", low=1, optional=True
    )
    labelled_fraction: Optional[float] = setting(
        None,
        "float",
        "use the labels of this share of the subjects only",
        unit="of the subjects",
        low=0.0,
        high=1.0,
        optional=True,
    )
    modality: str = setting("mri", "choice", "decides normalisation and units", choices=("mri", "ct"))
    tissues: Optional[str] = setting(None, "path", "tissue table (JSON or CSV)", optional=True)
    strict: bool = setting(True, "bool", "stop at the first case that cannot be used, instead of leaving it out with a warning")


@dataclass(frozen=True)
class PreprocessConfig:
    """From a scan to the network's array."""

    normalisation: str = setting(
        "auto", "choice", "intensity scaling; auto: zscore for MRI, ct_windows for CT", choices=("auto", "zscore", "ct_windows")
    )
    windows: Tuple[Tuple[float, float], ...] = setting(
        ((400.0, 50.0), (1800.0, 40.0), (500.0, 50.0)), "pairs", "CT windows (width, level), one channel each", unit="HU"
    )
    spacing: Union[Auto, Tuple[float, ...]] = setting(
        "none", "floats", "resample to this voxel spacing (slices, rows, columns); auto: the median of the data", unit="mm",
        low=0.01, high=100.0, words=("none", "auto"), length=(3, 3),
    )  # fmt: skip
    slice_axis: str = setting(
        "auto", "choice",
        "plane of the 2D slices; auto: across the axis whose spacing is at least 1.5 times the others', else axial",
        choices=("auto", "axial", "coronal", "sagittal"),
    )  # fmt: skip
    training_shape: Union[Auto, Tuple[int, ...]] = setting(
        "auto", "ints", "shape that training crops or pads to (rows, columns; in 3D slices first)", unit="voxels",
        low=8, high=4096, words=("auto",), length=(2, 3),
    )  # fmt: skip
    neighbour_slices: Union[Auto, int] = setting(
        "auto", "int",
        "slices on each side given to a 2D network as further channels; auto: 1 where slices lie close and have one channel, "
        "else 0",
        unit="slices", low=0, high=8, words=("auto",),
    )  # fmt: skip
    cache: Optional[str] = setting(
        None, "path", "folder of the preprocessed arrays (default: the user's cache folder)", optional=True
    )
    workers: Union[Auto, int] = setting(
        "auto", "int", "processes that preprocess scans", unit="processes", low=1, high=256, words=("auto",)
    )


@dataclass(frozen=True)
class NetworkConfig:
    """The network."""

    name: str = setting("unet", "text", "name of the network: unet is the papers' U-Net")
    dims: int = setting(2, "int", "2D slices or 3D patches", unit="dimensions", low=2, high=3)
    base_width: int = setting(32, "int", "channels of the first level; doubled at each level", unit="channels", low=1, high=1024)
    levels: Union[Auto, int] = setting(
        "auto", "int", "resolutions of the U-Net; auto: until the coarsest side would fall under 4 voxels, at most 5",
        unit="levels", low=1, high=8, words=("auto",),
    )  # fmt: skip


@dataclass(frozen=True)
class PretextConfig:
    """The self-supervised task."""

    task: str = setting("context_restoration", "text", "name of the pretext task")
    patch_size: Union[Auto, int] = setting(
        "auto", "int",
        "side K of the corrupted patches; auto: the largest of 32, 16, 8, 4 that reaches corrupted_area",
        unit="voxels", low=1, high=1024, words=("auto",),
    )  # fmt: skip
    sampling: str = setting("poisson_disc", "choice", "how patches are placed", choices=("random", "poisson_disc"))
    corrupted_area: float = setting(
        0.25, "float", "share of the image that is corrupted", unit="of the area", low=0.001, high=1.0
    )
    mask_pool: int = setting(100, "int", "masks made before training", unit="masks", low=1, high=100000)
    early_stopping: bool = setting(False, "bool", "stop pretraining when its validation loss no longer falls")
    threshold: float = setting(
        50.0,
        "float",
        "fall of the validation loss that counts as better, for 512×512 images",
        unit="(scales with the area)",
        low=0.0,
    )
    patience: int = setting(
        4, "int", "validations without a better loss before pretraining stops", unit="validations", low=1, high=10000
    )
    # The task's own settings, checked against the task's table by the engine that has it.
    parameters: Tuple[Tuple[str, Any], ...] = ()

    @property
    def own(self) -> Dict[str, Any]:
        """The task's own settings by name."""
        return dict(self.parameters)


@dataclass(frozen=True)
class TransferConfig:
    """What fine-tuning takes over from a pretrained model."""

    weights: str = setting("encoder", "choice", "which weights are taken over", choices=("none", "encoder", "encoder_decoder"))
    mode: str = setting(
        "immediate", "choice", "train all weights at once, or the new ones first", choices=("immediate", "freeze_then_finetune")
    )
    second_learning_rate: float = setting(1e-4, "float", "learning rate after the freeze", unit="(1/step)", low=1e-9, high=10.0)
    frozen_share: float = setting(
        0.3, "float", "share of the budget spent with transferred weights frozen", unit="of the budget", low=0.01, high=0.99
    )


@dataclass(frozen=True)
class TrainConfig:
    """Budget, optimiser, losses and schedules; for pretraining and fine-tuning alike."""

    max_steps: Optional[int] = setting(
        None, "int", "budget; of several the first that ends counts, with none 100 epochs", unit="steps", low=1, optional=True
    )
    max_epochs: Optional[int] = setting(
        None, "int", "budget; an epoch sees as many images as the training set has", unit="epochs", low=1, optional=True
    )
    max_minutes: Optional[float] = setting(None, "float", "budget", unit="minutes", low=0.01, optional=True)
    batch_size: Union[Auto, int] = setting(
        "auto", "int", "images of one step; auto: 24 in 2D, 2 in 3D, fewer where memory does not hold so many",
        unit="images", low=1, high=4096, words=("auto",),
    )  # fmt: skip
    optimiser: str = setting("adamw", "choice", "optimiser", choices=("adam", "adamw", "sgd"))
    learning_rate: float = setting(3e-3, "float", "first learning rate", unit="(1/step)", low=1e-9, high=10.0)
    learning_rate_floor: float = setting(0.0, "float", "lowest learning rate", unit="(1/step)", low=0.0, high=1.0)
    schedule: str = setting(
        "cosine", "choice", "how the learning rate falls", choices=("constant", "cosine", "exponential", "plateau")
    )
    warmup_share: float = setting(
        0.02, "float", "share of the budget over which the learning rate rises", unit="of the budget", low=0.0, high=0.5
    )
    decay: float = setting(0.9, "float", "factor of the exponential and plateau schedules", unit="(factor)", low=0.01, high=1.0)
    decay_epochs: int = setting(2, "int", "epochs between two exponential decays", unit="epochs", low=1)
    beta1: float = setting(0.9, "float", "Adam's first moment; momentum of SGD", unit="(factor)", low=0.0, high=0.9999)
    beta2: float = setting(0.999, "float", "Adam's second moment", unit="(factor)", low=0.0, high=0.99999)
    weight_decay: float = setting(0.01, "float", "weight decay", unit="(factor)", low=0.0, high=10.0)
    gradient_clip: float = setting(1.0, "float", "largest norm of the gradient; 0: off", unit="(norm)", low=0.0)
    loss: str = setting("dice_ce", "choice", "loss of the segmentation", choices=("dice", "dice_ce"))
    foreground_share: float = setting(
        0.5, "float", "share of a batch drawn where a tissue is", unit="of the batch", low=0.0, high=1.0
    )
    keep: str = setting("last", "choice", "weights of the model: last (averaged) or best by validation", choices=("last", "best"))
    averaging: float = setting(
        0.999, "float", "decay of the averaged weights per step; 0: off", unit="(factor)", low=0.0, high=0.99999
    )
    validate_every: Union[Auto, int] = setting(
        "auto", "int", "steps between validations; auto: ten in a stage", unit="steps", low=1, words=("auto", "epoch")
    )
    early_stopping: bool = setting(False, "bool", "stop fine-tuning when its validation loss no longer falls")
    threshold: float = setting(1e-3, "float", "fall of the validation loss that counts as better", unit="(loss)", low=0.0)
    patience: int = setting(
        10, "int", "validations without a better loss before fine-tuning stops", unit="validations", low=1, high=10000
    )
    precision: str = setting(
        "auto",
        "choice",
        "number format; auto is decided by the hardware's flags",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    checkpoint_every: Union[Auto, int] = setting(
        "auto",
        "int",
        "steps between checkpoints; auto: with each validation and every 5 minutes",
        unit="steps",
        low=1,
        words=("auto",),
    )
    threads: Union[Auto, int] = setting(
        "auto", "int", "CPU threads; auto: all cores", unit="threads", low=1, high=1024, words=("auto",)
    )


def _probability(default: float, what: str) -> Any:
    return setting(default, "float", f"probability of {what}, per image", unit="(probability)", low=0.0, high=1.0)


def _range(default: Tuple[float, float], what: str, unit: str, low: float, high: float) -> Any:
    return setting(default, "floats", f"range of {what}", unit=unit, low=low, high=high, length=(2, 2))


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of the training images of fine-tuning, drawn anew at each step."""

    enabled: bool = setting(True, "bool", "augment at all")
    flip_probability: float = _probability(0.0, "a flip, for each axis")
    rotation_probability: float = _probability(0.8, "a rotation")
    rotation_degrees: Tuple[float, float] = _range((-30.0, 30.0), "the rotation", "degrees", -180.0, 180.0)
    tilt_probability: float = _probability(0.8, "a slice cut at a tilt through its volume (2D)")
    tilt_degrees: Tuple[float, float] = _range((-20.0, 20.0), "the tilt about each axis of the slice", "degrees", -60.0, 60.0)
    shift_voxels: Tuple[float, float] = _range((-3.0, 3.0), "the shift of a tilted slice along its axes", "voxels", -64.0, 64.0)
    scaling_probability: float = _probability(0.8, "a scaling")
    scaling: Tuple[float, float] = _range((0.75, 1.35), "the scaling", "(factor)", 0.1, 10.0)
    elastic_probability: float = _probability(0.6, "an elastic deformation")
    elastic_displacement: Tuple[float, float] = _range((1.0, 6.0), "the largest displacement", "voxels", 0.0, 100.0)
    elastic_spacing: float = setting(
        12.0, "float", "distance of the deformation's control points", unit="voxels", low=2.0, high=256.0
    )
    noise_probability: float = _probability(0.3, "Gaussian noise")
    noise_sd: Tuple[float, float] = _range((0.0, 0.2), "the noise's SD", "SD of the image", 0.0, 10.0)
    blur_probability: float = _probability(0.15, "a Gaussian blur")
    blur_sigma: Tuple[float, float] = _range((0.5, 1.0), "the blur's sigma", "voxels", 0.0, 20.0)
    brightness_probability: float = _probability(0.5, "another brightness")
    brightness: Tuple[float, float] = _range((0.6, 1.5), "the brightness", "(factor)", 0.01, 100.0)
    contrast_probability: float = _probability(0.5, "another contrast")
    contrast: Tuple[float, float] = _range((0.6, 1.5), "the contrast", "(factor)", 0.01, 100.0)
    gamma_probability: float = _probability(0.6, "a gamma curve")
    gamma: Tuple[float, float] = _range((0.6, 1.8), "gamma", "(exponent)", 0.05, 20.0)
    gamma_inverted_share: float = setting(
        0.25, "float", "share of the gamma curves on the inverted image", unit="of the curves", low=0.0, high=1.0
    )
    low_resolution_probability: float = _probability(0.25, "a lower resolution")
    low_resolution: Tuple[float, float] = _range((0.5, 1.0), "the lower resolution", "of the resolution", 0.05, 1.0)


@dataclass(frozen=True)
class Config:
    """The one parameter object, from the panel to the backend."""

    preset: str = setting("default", "text", "values to start from")
    data: DataConfig = DataConfig()
    preprocess: PreprocessConfig = PreprocessConfig()
    network: NetworkConfig = NetworkConfig()
    pretext: PretextConfig = PretextConfig()
    transfer: TransferConfig = TransferConfig()
    train: TrainConfig = TrainConfig()
    augment: AugmentConfig = AugmentConfig()
    seed: int = setting(1, "int", "seed of everything random", unit="", low=0, high=2**31 - 1)
    device: str = setting("auto", "text", "auto, cpu, cuda or cuda:<number>")


SECTIONS: Dict[str, Any] = {
    "data": DataConfig,
    "preprocess": PreprocessConfig,
    "network": NetworkConfig,
    "pretext": PretextConfig,
    "transfer": TransferConfig,
    "train": TrainConfig,
    "augment": AugmentConfig,
}
