"""Events: whole lines, read by anyone who follows, whatever else the file holds."""

from __future__ import annotations

import json
import math
import threading
import tracemalloc
from datetime import datetime, timedelta

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import LONGEST_LINE, EventReader, EventWriter, plain


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def write(path, *events):
    writer = EventWriter(path)
    for event, fields in events:
        writer.write(event, **fields)
    writer.close()


def test_what_is_written_is_read(path):
    write(path, ("started", {"pid": 3}), ("warning", {"message": "ä\n\u2028 ☃"}))
    started, warning = EventReader(path).poll()
    assert (started.event, started.fields) == ("started", {"pid": 3})
    assert warning.fields == {"message": "ä\n\u2028 ☃"}
    assert datetime.fromisoformat(started.time).utcoffset() == timedelta(0)
    assert started.as_dict() == {"time": started.time, "event": "started", "pid": 3}


def test_a_reader_gives_each_event_once_and_waits_for_whole_lines(path):
    reader = EventReader(path)
    assert reader.poll() == []
    write(path, ("phase", {"name": "a"}))
    assert len(reader.poll()) == 1
    assert reader.poll() == []
    line = json.dumps({"time": "t", "event": "phase", "name": "ü"}, ensure_ascii=False).encode() + b"\n"
    for cut in (10, line.index("ü".encode()) + 1):
        path.write_bytes(path.read_bytes() + line[:cut])
        assert reader.poll() == []
        path.write_bytes(path.read_bytes() + line[cut:])
        assert [event.fields["name"] for event in reader.poll()] == ["ü"]


def test_a_line_that_a_kill_has_cut_costs_only_itself(path):
    path.write_bytes(b'{"time": "t", "event": "phase"}\n{"time": "t", "eve')
    write(path, ("done", {}))
    assert [event.event for event in EventReader(path).poll()] == ["phase", "done"]
    assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe\x00garbage",
        b"[]",
        b"null",
        b"5",
        b"{}",
        b'{"time": 5, "event": "done"}',
        b'{"event": "done"}',
        b'{"time": "t", "event": "of a later version"}',
        b'{"time": "t", "event": ["done"]}',
        b"[" * 50_000,
        b"x" * 3 * LONGEST_LINE,
        b"\r",
        b"",
    ],
    ids=lambda garbage: repr(garbage[:24]),
)
def test_garbage_is_skipped(path, garbage):
    write(path, ("started", {}))
    with path.open("ab") as handle:
        handle.write(garbage + b"\n")
    write(path, ("done", {}))
    assert [event.event for event in EventReader(path).poll()] == ["started", "done"]


def test_a_line_without_end_is_not_kept_in_memory(path):
    reader = EventReader(path)
    path.write_bytes(b"x" * 20 * LONGEST_LINE)
    tracemalloc.start()
    assert reader.poll() == []
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < LONGEST_LINE
    with path.open("ab") as handle:
        handle.write(b'y\n{"time": "t", "event": "done"}\n')
    assert [event.event for event in reader.poll()] == ["done"]


def test_a_file_that_took_the_place_of_a_longer_one_is_read_from_its_start(path):
    reader = EventReader(path)
    write(path, ("started", {"text": "long " * 100}))
    reader.poll()
    path.unlink()
    write(path, ("done", {}))
    assert [event.event for event in reader.poll()] == ["done"]


def test_threads_do_not_mix_their_lines(path):
    writer = EventWriter(path)

    def work(number):
        for step in range(100):
            writer.write("progress", thread=number, step=step, text="x" * 500)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    events = EventReader(path).poll()
    assert len(events) == len(path.read_bytes().splitlines()) == 400
    for number in range(4):
        assert [event.fields["step"] for event in events if event.fields["thread"] == number] == list(range(100))


def test_numbers_that_json_lacks_become_null(path):
    write(path, ("metric", {"loss": math.nan, "dice": [math.inf, 0.5], "array": np.float32(0.5), "flag": np.bool_(True)}))
    (event,) = EventReader(path).poll()
    assert event.fields == {"loss": None, "dice": [None, 0.5], "array": 0.5, "flag": True}


def test_whatever_else_becomes_text(tmp_path):
    assert plain({1: tmp_path, "b": (1, None)}) == {"1": str(tmp_path), "b": [1, None]}


def test_an_event_that_is_none_is_a_defect(path):
    writer = EventWriter(path)
    with pytest.raises(ValueError, match="unknown event"):
        writer.write("finished")
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write("done")


def test_a_full_disk_is_told_as_such():
    writer = EventWriter("/dev/full")
    with pytest.raises(SSLSegmentationError) as caught:
        writer.write("done")
    writer.close()
    assert caught.value.code == "disk.full"


def test_a_name_that_is_no_unicode_does_not_stop_an_event(path):
    write(path, ("warning", {"message": b"\xff.nii".decode("utf-8", "surrogateescape")}))
    (event,) = EventReader(path).poll()
    assert "nii" in event.fields["message"]
