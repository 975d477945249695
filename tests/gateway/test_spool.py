"""The spool file of a worker: whole lines or none, whatever the disk does."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from foundation.ids import uuid7
from gateway import spool
from gateway.spool import Line, Writer


def line(**changes: object) -> Line:
    fields: dict[str, object] = {
        "id": uuid7(), "key": 1, "tenant": 2, "member": 3, "main": 4, "price": 5, "numerator": "4999999", "parts": [[4, 5]],
        "splits": [[9, 5]], "budgets": [7], "book": "list:1", "usage": {"input": 3}, "source": "upstream", "model": "gpt-模", "channel": 1,
        "upstream_model": "m", "channel_key": None, "cost": None, "status": "ok", "stream": False, "first_ms": None, "total_ms": 8,
        "tried": [],
    }  # fmt: skip
    return Line(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def contents(writer: Writer) -> list[Line]:
    return [spool.decode(raw) for path in sorted(writer.folder.glob("*.log")) for raw in path.read_bytes().splitlines()]


def test_a_line_comes_back_as_it_was_written() -> None:
    one = line()
    raw = spool.encode(one)
    assert raw.endswith(b"}\n")
    assert spool.decode(raw[:-1]) == one


@pytest.mark.parametrize("raw", [b"", b"deadbeef {}", b"12345678", b"zzzzzzzz {}", b"99914b93{}", b"8ca22f1f []"])
def test_bytes_that_are_no_line_of_ours_are_told(raw: bytes) -> None:
    with pytest.raises(spool.BadLine):
        spool.decode(raw)


def test_one_changed_byte_is_noticed() -> None:
    raw = bytearray(spool.encode(line())[:-1])
    raw[40] ^= 1
    with pytest.raises(spool.BadLine):
        spool.decode(bytes(raw))


def test_fields_of_a_later_version_are_ignored() -> None:
    assert spool.of_values({**{name: getattr(line(), name) for name in Line.__slots__}, "id": str(uuid7()), "later": 1}).price == 5


def test_lines_are_appended_under_a_lock(tmp_path: Path) -> None:
    writer = Writer(tmp_path, uuid.uuid4())
    lines = [line(), line()]
    for one in lines:
        writer.append(one)
    assert contents(writer) == lines
    handle = os.open(writer.folder / spool.LOCK, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    writer.close()
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


def test_a_folder_belongs_to_one_start_of_one_worker(tmp_path: Path) -> None:
    worker_id = uuid.uuid4()
    Writer(tmp_path, worker_id).close()
    with pytest.raises(FileExistsError):
        Writer(tmp_path, worker_id)


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SEGMENT_BYTES", 500)
    writer = Writer(tmp_path, uuid.uuid4())
    lines = [line() for _ in range(5)]
    for one in lines:
        writer.append(one)
    assert contents(writer) == lines
    assert len(list(writer.folder.glob("*.log"))) == 3
    writer.close()


def test_a_short_write_is_cut_off_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path, uuid.uuid4())
    first, lost, last = line(), line(), line()
    writer.append(first)
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:50]))
    with pytest.raises(spool.SpoolFull):
        writer.append(lost)
    monkeypatch.setattr(os, "write", real)
    writer.append(last)
    assert contents(writer) == [first, last]
    writer.close()


FULL_DISK = """
import resource, signal, sys, uuid
from pathlib import Path
from gateway import spool
from tests.gateway.test_spool import contents, line
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = spool.Writer(Path(sys.argv[1]), uuid.uuid4())
size = len(spool.encode(line()))
resource.setrlimit(resource.RLIMIT_FSIZE, (size * 3 + 20, resource.RLIM_INFINITY))
written = [line() for _ in range(3)]
for one in written:
    writer.append(one)
for _ in range(2):
    try:
        writer.append(line())
    except spool.SpoolFull:
        print("full")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
written.append(line())
writer.append(written[-1])
assert contents(writer) == written
print("whole")
"""


def test_a_full_disk_leaves_whole_lines_only(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (["full", "full", "whole"], 0), done.stderr


def test_the_backlog_is_what_the_flusher_has_not_posted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path, uuid.uuid4())
    size = len(spool.encode(line()))
    writer.append(line())
    assert writer.unposted_bytes() == size
    spool.write_posted(writer.folder, spool.Posted(1, size, size))
    assert writer.unposted_bytes() == size, "asked again within half a second"
    writer._looked = float("-inf")
    assert writer.unposted_bytes() == 0
    writer.close()


def test_a_failed_write_stops_new_calls_for_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path, uuid.uuid4())
    assert writer.is_failing() is False
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:50]))
    with pytest.raises(spool.SpoolFull):
        writer.append(line())
    assert writer.is_failing() is True
    writer._failed -= spool.FAILING_SECONDS
    assert writer.is_failing() is False
    writer.close()


def test_a_missing_or_broken_mark_is_the_beginning(tmp_path: Path) -> None:
    assert spool.read_posted(tmp_path) == spool.Posted(1, 0, 0)
    (tmp_path / spool.POSTED).write_bytes(b"torn")
    assert spool.read_posted(tmp_path) == spool.Posted(1, 0, 0)
