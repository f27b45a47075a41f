"""Reading, computing and writing overlap, in order, and one item's error does not stop the others."""

from __future__ import annotations

import threading

import pytest

from SSLSegmentationLib.learning.prediction.pipeline import overlapped

WAIT = 10.0


def test_outcomes_come_in_order_with_the_errors_of_their_own_items() -> None:
    def read(item: int) -> int:
        if item == 1:
            raise ValueError("read 1")
        return item * 10

    def compute(item: int, value: int) -> int:
        if item == 2:
            raise KeyError("compute 2")
        return value + 1

    def write(item: int, value: int) -> int:
        if item == 3:
            raise OSError("write 3")
        return value

    for small in (True, False):
        outcomes = list(overlapped(range(5), read=read, compute=compute, write=write, is_small=lambda _, small=small: small))
        assert [outcome.item for outcome in outcomes] == [0, 1, 2, 3, 4]
        assert [outcome.written for outcome in outcomes] == [1, None, None, None, 41]
        assert [type(outcome.error) for outcome in outcomes] == [type(None), ValueError, KeyError, OSError, type(None)]


def test_the_next_item_is_read_while_the_first_is_computed() -> None:
    second_is_read = threading.Event()

    def read(item: int) -> int:
        if item == 1:
            second_is_read.set()
        return item

    def compute(item: int, value: int) -> bool:
        return item > 0 or second_is_read.wait(WAIT)

    outcomes = list(overlapped(range(2), read=read, compute=compute, write=lambda _, value: value, is_small=lambda _: True))
    assert [outcome.written for outcome in outcomes] == [True, True]


def test_the_first_item_is_written_while_the_next_is_computed() -> None:
    second_is_computed = threading.Event()

    def compute(item: int, value: int) -> int:
        if item == 1:
            second_is_computed.set()
        return value

    def write(item: int, value: int) -> bool:
        return item > 0 or second_is_computed.wait(WAIT)

    outcomes = list(overlapped(range(2), read=lambda item: item, compute=compute, write=write, is_small=lambda _: True))
    assert [outcome.written for outcome in outcomes] == [True, True]


def test_large_items_are_held_one_at_a_time() -> None:
    held: list[int] = []
    most = 0

    def read(item: int) -> int:
        nonlocal most
        held.append(item)
        most = max(most, len(held))
        return item

    def write(item: int, value: int) -> None:
        held.remove(item)

    list(overlapped(range(4), read=read, compute=lambda _, value: value, write=write, is_small=lambda _: False))
    assert most == 1


def test_an_interruption_goes_through() -> None:
    def compute(item: int, value: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(overlapped(range(3), read=lambda item: item, compute=compute, write=lambda _, v: v, is_small=lambda _: True))


def test_a_generator_that_is_closed_early_ends_its_threads() -> None:
    outcomes = overlapped(range(9), read=lambda item: item, compute=lambda _, v: v, write=lambda _, v: v, is_small=lambda _: True)
    before = threading.active_count()
    next(outcomes)
    assert threading.active_count() > before
    outcomes.close()
    assert threading.active_count() == before
