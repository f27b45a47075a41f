"""From a plain dictionary to a `Config`: strict, starting from a preset, with paths made absolute."""

from __future__ import annotations

import difflib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Collection, Dict, Iterable, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.config.checks import check
from SSLSegmentationLib.contract.config.fields import FieldInfo, infos
from SSLSegmentationLib.contract.config.sections import SECTIONS, Config, PretextConfig
from SSLSegmentationLib.contract.config.values import invalid, read_value
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS

if TYPE_CHECKING:
    from SSLSegmentationLib.contract.tasks import TaskDescription

_PATH_KINDS = ("path", "paths")


def _unknown(key: str, name: str, known: Iterable[str], *, prefix: str) -> SSLSegmentationError:
    """The error for a key that does not exist, with the nearest one that does."""
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if nearest:
        hint = f"Did you mean '{prefix}{nearest[0]}'?"
    else:
        # A key in the wrong section is found by its name in the others.
        homes = [f"{section}.{name}" for section, kind in SECTIONS.items() if name in infos(kind)]
        hint = f"Did you mean '{homes[0]}'?" if homes else f"Known keys: {', '.join(names)}."
    return SSLSegmentationError("config.unknown_key", f"The config has an unknown key '{key}'.", hint=hint)


def _mapping(key: str, value: Any) -> Mapping[Any, Any]:
    """`value` as a mapping; an empty YAML section is None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(key, value, "a section of keys and values")
    return value


def _absolute(value: Any, base: Optional[Path]) -> Any:
    """A path, or each of a tuple of paths, relative to `base`, with "~" expanded."""
    if value is None or base is None:
        return value
    if isinstance(value, tuple):
        return tuple(_absolute(item, base) for item in value)
    return os.path.normpath(base.absolute() / os.path.expanduser(value))  # noqa: PTH111  # leaves "~nobody" alone


def _plain_data(key: str, value: Any) -> Any:
    """A task's own value without a description: numbers, text, booleans and lists of them (as tuples)."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain_data(key, item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(key, value, "a finite number")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise invalid(key, value, "a number, text, true, false or a list of them")


def _check_name(key: str, name: str, known: Collection[str]) -> None:
    """Refuses a name that is not one of `known`, with the nearest that is."""
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"Did you mean '{nearest[0]}'?" if nearest else ""
        raise invalid(key, name, "one of " + ", ".join(known), hint=hint)


def _own_settings(
    task: str, own: Mapping[str, Any], tasks: Optional[Mapping[str, TaskDescription]]
) -> Tuple[Tuple[str, Any], ...]:
    """The task's own settings in the order of their names, checked against its description where there is one."""
    if tasks is None:
        return tuple((name, _plain_data(f"pretext.{name}", own[name])) for name in sorted(own))
    _check_name("pretext.task", task, tasks)
    known: Dict[str, FieldInfo] = {name: info for name, _, info in tasks[task].settings}
    for name in own:
        if name not in known:
            raise _unknown(f"pretext.{name}", name, [*infos(PretextConfig), *known], prefix="pretext.")
    return tuple((name, read_value(f"pretext.{name}", own[name], known[name])) for name in sorted(own))


def _section(
    name: str,
    preset: Mapping[str, Any],
    raw: Mapping[Any, Any],
    *,
    base: Optional[Path],
    tasks: Optional[Mapping[str, TaskDescription]],
) -> Any:
    """One section: the preset's values, then `raw` over them."""
    kind = SECTIONS[name]
    known = infos(kind)
    given: Dict[str, Any] = dict(preset)
    own: Dict[str, Any] = {}
    for key, value in raw.items():
        if key in known:
            given[key] = value
        elif name == "pretext" and isinstance(key, str):
            own[key] = value
        else:
            raise _unknown(f"{name}.{key}", str(key), known, prefix=f"{name}.")
    values: Dict[str, Any] = {}
    for key, value in given.items():
        values[key] = read_value(f"{name}.{key}", value, known[key])
        if known[key].kind in _PATH_KINDS:
            values[key] = _absolute(values[key], base)
    if name == "pretext":
        values["parameters"] = _own_settings(values.get("task", PretextConfig.task), own, tasks)
    return kind(**values)


def parse(
    raw: Mapping[str, Any],
    *,
    base: Optional[Path] = None,
    tasks: Optional[Mapping[str, TaskDescription]] = None,
    networks: Optional[Collection[str]] = None,
) -> Config:
    """The `Config` that `raw` describes, over the values of its preset.

    `base`: folder that relative paths are taken from; without one they stay as they are.
    `tasks`: the pretext tasks by name; with them the task and its own settings are checked, without they are kept.
    `networks`: the names of the networks; with them the network's name is checked.
    Errors: `config.unknown_key`, `config.invalid_value`, `config.conflict`.
    """
    if not isinstance(raw, Mapping):
        raise invalid("config", raw, "sections of keys and values")
    top: List[str] = list(infos(Config)) + list(SECTIONS)
    for key in raw:
        if key not in top:
            raise _unknown(str(key), str(key), top, prefix="")
    preset = read_value("preset", raw.get("preset", "default"), infos(Config)["preset"])
    if preset not in PRESETS:
        raise invalid("preset", preset, "one of " + ", ".join(PRESETS))
    start = PRESETS[str(preset)]
    values: Dict[str, Any] = {"preset": preset}
    for name, info in infos(Config).items():
        if name != "preset" and (name in raw or name in start):
            values[name] = read_value(name, raw[name] if name in raw else start[name], info)
    for name in SECTIONS:
        values[name] = _section(name, start.get(name, {}), _mapping(name, raw.get(name)), base=base, tasks=tasks)
    if networks is not None:
        _check_name("network.name", values["network"].name, networks)
    return check(Config(**values))
