"""Which config counts when a job goes on."""

from __future__ import annotations

import dataclasses
from typing import Any, List, Mapping, Optional

from SSLSegmentationLib.contract.config import Config, describe
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.record import JobRecord

BUDGETS = ("max_steps", "max_epochs", "max_minutes")


def _is_raised(before: Optional[float], after: Optional[float]) -> bool:
    """Whether a budget was raised, or is not named any more and so stays as it was; None is no limit."""
    return after is None or (before is not None and after >= before)


def _differing_keys(before: Config, after: Config) -> List[str]:
    """Settings that differ, but for raised budgets and `preset`, which only says where values started."""
    keys = []
    for old, new in zip(describe(before), describe(after)):
        section, _, name = old.key.rpartition(".")
        if (
            old.value == new.value
            or old.key == "preset"
            or (section == "train" and name in BUDGETS and _is_raised(old.value, new.value))
        ):
            continue
        keys.append(old.key)
    old_own, new_own = before.pretext.own, after.pretext.own
    missing: Any = object()
    names = sorted(set(old_own) | set(new_own))
    return keys + [f"pretext.{name}" for name in names if old_own.get(name, missing) != new_own.get(name, missing)]


def resumed_record(record: JobRecord, *, command: str, config: Config, decided: Mapping[str, Any]) -> JobRecord:
    """`record` with the budgets of `config`, which may be larger than before; every other setting must be the same.

    A budget that `config` does not name stays as it was. What was decided when the job began stays decided; only a
    pretrained model is compared with that of `decided`, where a person named one again.
    Errors: `config.conflict` naming what differs.
    """
    if record.command != command:
        raise SSLSegmentationError(
            "config.conflict",
            f"The job was started by '{record.command}', not by '{command}'.",
            hint="Resume it with the same command.",
        )
    keys = _differing_keys(record.config, config)
    if keys:
        raise SSLSegmentationError(
            "config.conflict",
            f"The config differs from that of the job to resume in {', '.join(keys)}.",
            hint="Use the config that the job was started with (only the budgets train.max_* may be raised), or start a new job.",
        )
    pretrained, before = decided.get("pretrained"), record.decided.get("pretrained")
    if pretrained is not None and pretrained != before:
        began = "without a pretrained model" if before is None else f"from {before}"
        raise SSLSegmentationError(
            "config.conflict",
            f"The job to resume began {began}, not from {pretrained}.",
            hint="Leave --pretrained out to go on with the job, or start a new one in another folder.",
        )
    budgets = {name: getattr(config.train, name) or getattr(record.config.train, name) for name in BUDGETS}
    return dataclasses.replace(
        record, config=dataclasses.replace(record.config, train=dataclasses.replace(record.config.train, **budgets))
    )
