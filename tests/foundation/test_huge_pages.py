"""Memory on huge pages: what is moved, and that nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foundation import huge_pages

ROOT = Path(__file__).resolve().parents[2]
MAPS = """\
00400000-00a21000 r-xp 00000000 fe:01 1234                               /usr/bin/python3
01000000-01500000 rw-p 00000000 00:00 0                                  [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0001000000-7f00011ff000 rw-p 00000000 00:00 0
7f0002000000-7f0003000000 rw-p 00000000 fe:01 99                         /var/lib/a file with spaces
7f0004000000-7f0005000000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
7f0006000000-7f0007000000 r--p 00000000 00:00 0
7ffc00000000-7ffc01000000 rw-p 00000000 00:00 0                          [stack]
"""
PROGRAM = """
import re
from pathlib import Path
from foundation import huge_pages

def huge_kib():
    return int(re.search(r"AnonHugePages: +(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1])

texts = [f"text {number}" * 4 for number in range(400_000)]
before, told = huge_kib(), huge_pages.gather()
assert texts == [f"text {number}" * 4 for number in range(400_000)]
print(told, (huge_kib() - before) * 1024)
"""


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def test_only_private_memory_of_the_process_itself_is_moved_in_whole_huge_pages() -> None:
    assert [(hex(begin), hex(end)) for begin, end in huge_pages._spans(MAPS)] == [
        ("0x1000000", "0x1400000"),
        ("0x7f0000200000", "0x7f0000600000"),
    ]


@pytest.mark.skipif(sys.platform != "linux" or _kernel() < (6, 1), reason="the kernel cannot gather memory when it is asked to")
def test_what_a_process_holds_lies_on_huge_pages_and_is_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    told, found = map(int, done.stdout.split())

    assert told % huge_pages.SIZE == 0
    assert told >= found > 4 * huge_pages.SIZE


def test_a_system_without_such_memory_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huge_pages, "_MAPS", tmp_path / "none")

    assert huge_pages.gather() == 0
