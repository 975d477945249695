"""Tables for spreadsheets: texts are never formulas, numbers stay numbers, and rows are written as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foundation import sheets


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+49 1", "'+49 1"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-0.000372", "-0.000372"),
        ("+1,000.50", "+1,000.50"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_no_text_is_a_formula(text: str, kept: str) -> None:
    assert sheets.plain(text) == kept


def test_rows_are_written_one_by_one() -> None:
    asked = []

    def rows() -> Iterator[tuple[int, str]]:
        for number in (1, 2):
            asked.append(number)
            yield number, "=x"

    written = sheets.lines(("n", "text"), rows())
    assert (next(written), asked) == ("\ufeffn,text\r\n", [])
    assert (next(written), asked) == ("1,'=x\r\n", [1])
