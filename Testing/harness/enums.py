"""Enum values as PythonQt has them: ints that are reached on the class without a scope."""

from __future__ import annotations

import enum
import operator
from typing import Any, Callable


class EnumValue(int):
    """An int that remembers which Qt enum it belongs to, so that it can be handed back to Qt."""

    member: enum.Enum

    def __new__(cls, member: enum.Enum) -> EnumValue:
        value = super().__new__(cls, member.value)
        value.member = member
        return value

    def _combined(self, other: Any, operation: Callable[[Any, Any], Any]) -> int:
        result = operation(int(self), int(other))
        kind = type(self.member)
        if isinstance(self.member, enum.Flag) and (not isinstance(other, EnumValue) or type(other.member) is kind):
            return EnumValue(kind(result))
        return int(result)

    def __or__(self, other: int) -> int:
        return self._combined(other, operator.or_)

    def __and__(self, other: int) -> int:
        return self._combined(other, operator.and_)

    def __xor__(self, other: int) -> int:
        return self._combined(other, operator.xor)

    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__

    def __invert__(self) -> int:
        return EnumValue(~self.member) if isinstance(self.member, enum.Flag) else ~int(self)


def copy_members(cls: type) -> None:
    """Makes the members of every enum of a Qt class reachable on the class itself, as ints."""
    for kind in [value for value in vars(cls).values() if isinstance(value, type) and issubclass(value, enum.Enum)]:
        for name, member in kind.__members__.items():
            if name not in vars(cls):
                setattr(cls, name, EnumValue(member))
