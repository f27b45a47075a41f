"""Reading the next scan and writing the last one while the model computes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Read = TypeVar("Read")
Computed = TypeVar("Computed")
Written = TypeVar("Written")


@dataclass(frozen=True)
class Outcome(Generic[Item, Written]):
    """What became of one item: the result of writing it, or the error that one of its steps raised."""

    item: Item
    written: Written | None
    error: Exception | None


def overlapped(
    items: Sequence[Item],
    *,
    read: Callable[[Item], Read],
    compute: Callable[[Item, Read], Computed],
    write: Callable[[Item, Computed], Written],
    is_small: Callable[[Item], bool],
) -> Generator[Outcome[Item, Written], None, None]:
    """The outcomes in order. `compute` runs in the caller's thread, `read` and `write` in one thread each.

    An item is read while the one before it is computed, and written while the next one is, if it `is_small`; else memory
    holds one item at a time. Close the generator where it is left early: that ends its threads.
    """
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        upcoming: Future[Read] | None = None
        waiting: tuple[Item, Future[Written]] | None = None
        try:
            for number, item in enumerate(items):
                if waiting is not None and not is_small(item):
                    yield _outcome(*waiting)
                    waiting = None
                current, upcoming = upcoming or reader.submit(read, item), None
                try:
                    ready = current.result()
                    del current
                    following = items[number + 1] if number + 1 < len(items) else None
                    if following is not None and is_small(item) and is_small(following):
                        upcoming = reader.submit(read, following)
                    computed = compute(item, ready)
                    del ready
                    future = writer.submit(write, item, computed)
                    del computed
                except Exception as error:
                    future = Future()
                    future.set_exception(error)
                if waiting is not None:
                    yield _outcome(*waiting)
                waiting = (item, future)
            if waiting is not None:
                yield _outcome(*waiting)
        finally:
            reader.shutdown(wait=False, cancel_futures=True)


def _outcome(item: Item, future: Future[Written]) -> Outcome[Item, Written]:
    error = future.exception()
    if error is None:
        return Outcome(item, future.result(), None)
    if not isinstance(error, Exception):
        raise error
    return Outcome(item, None, error)
