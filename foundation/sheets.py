"""Tables for spreadsheets: CSV in UTF-8, streamed row by row, with no text that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?")


class _Echo:
    """A file that hands back what is written: csv's writer becomes a generator."""

    def write(self, line: str) -> str:
        return line


def plain(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula; a plain number is none."""
    is_number = _NUMBER.fullmatch(text) is not None
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_number else text


def lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Write rows as CSV, a line at a time; texts among the values are made plain."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(head))  # the mark makes spreadsheets read UTF-8
    for row in rows:
        yield str(writer.writerow([plain(value) if isinstance(value, str) else value for value in row]))


def download(head: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str) -> StreamingHttpResponse:
    """Answer with a table as a file of this name, which nobody keeps on the way."""
    response = StreamingHttpResponse(lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response
