"""Reading spools: whole lines in order, torn ones never, and nothing twice."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from gateway import spool, tails
from gateway.spool import Line, Writer
from gateway.tails import Tail
from tests.gateway.test_spool import line


def read_all(tail: Tail) -> list[Line]:
    found: list[Line] = []
    while entries := tail.read():
        found += [entry.line for entry in entries if entry.line]
        tail.advance(entries)
    return found


def written(root: Path, count: int) -> tuple[Writer, list[Line]]:
    writer = Writer(root, uuid.uuid4())
    lines = [line() for _ in range(count)]
    for one in lines:
        writer.append(one)
    return writer, lines


def test_a_live_worker_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    writer, lines = written(tmp_path, 3)
    with (writer.folder / "000001.log").open("ab") as file:
        file.write(b"0badc0de {half")
    tail = Tail(writer.folder)
    assert read_all(tail) == lines
    assert (tail.is_over, tail.is_held()) == (False, True)
    assert writer.unposted_bytes() == 0
    writer.close()


def test_a_torn_line_of_a_dead_worker_is_dropped(tmp_path: Path) -> None:
    writer, lines = written(tmp_path, 3)
    writer.close()
    with (writer.folder / "000001.log").open("ab") as file:
        file.write(spool.encode(line())[:-1])
    tail = Tail(writer.folder)
    assert read_all(tail) == lines
    assert tail.is_over is True


def test_a_bad_checksum_does_not_hide_the_lines_after_it(tmp_path: Path) -> None:
    writer, lines = written(tmp_path, 3)
    path = writer.folder / "000001.log"
    raw = path.read_bytes().replace(str(lines[1].id).encode(), b"x" * 36)
    path.write_bytes(raw)
    entries = Tail(writer.folder).read()
    assert [entry.line for entry in entries] == [lines[0], None, lines[2]]
    assert entries[1].error == "the checksum does not fit"
    writer.close()


def test_posted_segments_are_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SEGMENT_BYTES", 500)
    writer, lines = written(tmp_path, 5)
    tail = Tail(writer.folder)
    assert read_all(tail) == lines
    assert sorted(path.name for path in writer.folder.glob("0*")) == ["000001.done", "000002.done", "000003.log"]
    writer.close()
    assert read_all(Tail(writer.folder, with_done=True)) == lines


def test_reading_goes_on_where_the_last_flusher_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "BATCH_LINES", 2)
    writer, lines = written(tmp_path, 5)
    first = Tail(writer.folder)
    first.advance(first.read())
    assert read_all(Tail(writer.folder)) == lines[2:]
    assert read_all(Tail(writer.folder)) == []
    writer.close()


def test_a_lost_mark_starts_over(tmp_path: Path) -> None:
    writer, lines = written(tmp_path, 3)
    read_all(Tail(writer.folder))
    (writer.folder / spool.POSTED).unlink()
    assert read_all(Tail(writer.folder)) == lines
    writer.close()


def test_flushed_means_that_no_whole_line_is_left(tmp_path: Path) -> None:
    writer, _lines = written(tmp_path, 1)
    assert tails.is_flushed(tmp_path) is False
    read_all(Tail(writer.folder))
    assert tails.is_flushed(tmp_path) is True
    assert tails.is_flushed(tmp_path / "never") is True
    (tmp_path / "not-a-worker").mkdir()
    assert tails.folders(tmp_path) == [writer.folder]
    writer.close()
