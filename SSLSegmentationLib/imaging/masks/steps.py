"""Drawing masks in small steps, so that a window can show one without standing still; `finish` does them at one go."""

from __future__ import annotations

from typing import Generator, Iterator, List, TypeVar

Result = TypeVar("Result")
# Each step takes some milliseconds at most; the generator returns the result.
Steps = Generator[None, None, Result]


def finish(steps: "Steps[Result]") -> Result:
    """The result of all steps."""
    results: List[Result] = []

    def collect() -> Iterator[None]:
        results.append((yield from steps))

    for _ in collect():
        pass
    return results[0]
