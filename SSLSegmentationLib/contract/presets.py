"""Named starting values of a config, and where each value of a paper preset comes from.

Source: "A" is part A of the methods page in the docs: self-supervised inpainting pretext tasks (context prediction and
context restoration) with transfer to segmentation. "configuration" marks what its authors' published configuration says
where the paper is silent; "ours" what neither says.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

# Each value with its source, so that neither is changed without the other.
Sourced = Mapping[str, Mapping[str, Tuple[Any, str]]]

_PAPER_INPAINTING: Sourced = {
    "network": {
        "name": ("unet", "A: 2D U-Net"),
        "dims": (2, "A: 2D slices"),
        "base_width": (32, "A, configuration: widths 32, 64, 128, 256, 512"),
        "levels": (5, "A, configuration: 5 levels"),
    },
    "pretext": {
        "task": ("context_restoration", "A: best found on both data sets"),
        "patch_size": (32, "A: best found on both data sets"),
        "sampling": ("poisson_disc", "A: best found on both data sets"),
        "corrupted_area": (0.25, "A: patches are added until a quarter of the area is corrupted"),
        "mask_pool": (100, "A: 100 masks are made before training"),
        "early_stopping": (True, "A: early stopping on the validation loss"),
        "threshold": (50.0, "A: pretraining threshold at 512×512"),
        "patience": (4, "A: pretraining patience"),
    },
    "transfer": {
        "weights": ("encoder", "A: best found"),
        "mode": ("immediate", "A: best found"),
    },
    "train": {
        "max_epochs": (500, "A, configuration: at most 500 epochs"),
        "batch_size": (9, "A: batch of 9"),
        "optimiser": ("adam", "A: Adam"),
        "learning_rate": (1e-3, "A: best found of 1e-2 to 1e-5"),
        "learning_rate_floor": (1e-8, "A, configuration: floor"),
        "schedule": ("exponential", "A: falls by a factor every 2 epochs"),
        "warmup_share": (0.0, "A: none"),
        "decay": (0.9, "A: × 0.9"),
        "decay_epochs": (2, "A: every 2 epochs"),
        "beta1": (0.99, "A: Adam's β1"),
        "beta2": (0.995, "A: Adam's β2"),
        "weight_decay": (0.0, "A: none"),
        "gradient_clip": (0.0, "A: none"),
        "loss": ("dice", "A: loss A2, Dice over the whole batch"),
        "foreground_share": (0.0, "A: slices drawn evenly"),
        "keep": ("best", "A: early stopping on the validation loss"),
        "averaging": (0.0, "A: none"),
        "validate_every": ("epoch", "A: early stopping counts epochs"),
        "early_stopping": (True, "A: early stopping on the validation loss"),
        "threshold": (1e-3, "A: segmentation threshold"),
        "patience": (10, "A: segmentation patience"),
    },
    "augment": {"enabled": (False, "A: no augmentation")},
}

_PAPER_SOURCES: Dict[str, Sourced] = {
    "paper_inpainting_mri": {
        "data": {"modality": ("mri", "A: knee MRI")},
        "preprocess": {
            "normalisation": ("zscore", "A: zero mean, unit SD per volume"),
            "spacing": ("none", "A: no resampling"),
            "neighbour_slices": (0, "A: single slices"),
        },
        **_PAPER_INPAINTING,
    },
    "paper_inpainting_ct": {
        "data": {"modality": ("ct", "A: abdominal CT")},
        "preprocess": {
            "normalisation": ("ct_windows", "A: three windows to three channels; per image: ours"),
            "windows": ([[400.0, 50.0], [1800.0, 40.0], [500.0, 50.0]], "A: soft tissue, bone, custom window"),
            "spacing": ("none", "A: no resampling"),
            "neighbour_slices": (0, "A: single slices"),
        },
        **_PAPER_INPAINTING,
    },
}

# Minutes on a laptop's CPU: a narrow network and a short run, with averaging over as much of it.
_QUICK: Dict[str, Dict[str, Any]] = {
    "network": {"base_width": 8},
    "pretext": {"mask_pool": 32},
    "train": {"max_steps": 400, "averaging": 0.98},
}


def _values(sourced: Sourced) -> Dict[str, Dict[str, Any]]:
    return {section: {name: value for name, (value, _) in entries.items()} for section, entries in sourced.items()}


PRESETS: Dict[str, Dict[str, Any]] = {
    "default": {},
    "quick": dict(_QUICK),
    **{name: _values(sourced) for name, sourced in _PAPER_SOURCES.items()},
}

TITLES: Dict[str, str] = {
    "default": "best results in a short training on a computer of one's own",
    "quick": "a look at the whole way in minutes on a laptop",
    "paper_inpainting_mri": "inpainting pretext tasks as published, on MRI",
    "paper_inpainting_ct": "inpainting pretext tasks as published, on CT",
}


def sources(preset: str) -> Dict[str, str]:
    """Where the values of a preset come from, by dotted key; empty for presets of our own."""
    sourced = _PAPER_SOURCES.get(preset, {})
    return {f"{section}.{name}": source for section, entries in sourced.items() for name, (_, source) in entries.items()}
