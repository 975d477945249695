"""The event parser: the rules of the standard, what vendors do to them, and any way of cutting the bytes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app import sse
from channels_app.sse import Event
from tests.doubles.defects import STREAMS


def parse(*chunks: bytes) -> list[Event]:
    parser = sse.Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", [Event(b"a"), Event(b"b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event(b"a"), Event(b"b")]),
        (b"data: a\r\rdata: b\r\r", [Event(b"a"), Event(b"b")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
        (b"data:a\n\n", [Event(b"a")]),
        (b"data:  a\n\n", [Event(b" a")]),
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [Event(b"a", b"error"), Event(b"b")]),
        (b": hi\n\ndata: a\n\n", [Event(b"hi", is_comment=True), Event(b"a")]),
        (b": hi\ndata: a\n\n", [Event(b"hi", is_comment=True), Event(b"a")]),
        (b"id: 1\nretry: 5\n\n", []),
        (b"data:\n\n", []),
        (b"data: a", [Event(b"a")]),
        (b"data: a\n", [Event(b"a")]),
        (b"[DONE]\n\n", [Event(b"[DONE]")]),
        (b"[DONE]", [Event(b"[DONE]")]),
        (b'{"error":1}\n\n', [Event(b'{"error":1}')]),
        ("data: a\u2028\u0085b\x0b\x0c\x1c\n\n".encode(), [Event("a\u2028\u0085b\x0b\x0c\x1c".encode())]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_events_are_read_as_sent(body: bytes, expected: list[Event]) -> None:
    """Gotcha 3: every line end there is, and `data:` without a blank."""
    assert parse(body) == expected


@pytest.mark.parametrize("data", [b'"', b'"a"', b'{"a":"b\\""}"'])
def test_a_quotation_mark_at_the_end_of_a_line_belongs_to_it(data: bytes) -> None:
    """Gotcha 6: others take it away and spoil what was meant."""
    assert parse(b"data: " + data + b"\n\n") == [Event(data)]


def test_a_line_end_split_over_two_chunks_is_one() -> None:
    assert parse(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [Event(b"a\nb")]


def test_an_event_comes_out_as_soon_as_its_blank_line_is_there() -> None:
    parser = sse.Parser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [Event(b"a")]


def test_ten_megabytes_in_one_line_pass() -> None:
    """Gotcha 5: a picture may come in one line."""
    line = b"x" * (10 * 1024 * 1024)
    pieces = [line[start : start + 65536] for start in range(0, len(line), 65536)]
    assert parse(b"data: ", *pieces, b"\n\n") == [Event(line)]


def test_a_line_without_end_is_refused() -> None:
    parser = sse.Parser()
    piece = b"x" * (16 * 1024 * 1024)
    for _ in range(4):
        parser.feed(piece)
    with pytest.raises(sse.LineTooLong):
        parser.feed(b"x")


_SCRAPS = [b"data: a", b"data:", b": c", b"event: e", b"\n", b"\r", b"\r\n", b"[DONE]", b"x", b"\xef\xbb\xbf"]
_BODIES = st.one_of(
    st.sampled_from([stream.body for stream in STREAMS.values()]),
    st.lists(st.sampled_from([b"data: a", b"data:", b": c", b"event: e", b"\n", b"\r", b"\r\n", b"[DONE]", b"x", b"\xef\xbb\xbf"])).map(
        b"".join
    ),
)


@given(body=_BODIES, cuts=st.lists(st.integers(0, 2000), max_size=30))
def test_any_way_of_cutting_the_bytes_gives_the_same_events(body: bytes, cuts: list[int]) -> None:
    """Gotcha 2: characters and JSON are cut anywhere between two reads."""
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    pieces = [body[start:end] for start, end in itertools.pairwise(places)]
    assert parse(*pieces) == parse(body)


@given(body=_BODIES)
def test_byte_by_byte_gives_the_same_events(body: bytes) -> None:
    assert parse(*[bytes([byte]) for byte in body]) == parse(body)


def test_a_byte_order_mark_counts_at_the_beginning_alone() -> None:
    for cut in (0, 9):
        parser = sse.Parser()
        stream = b"data: a\n\n\xef\xbb\xbfdata: b\n\n"
        events = [*parser.feed(stream[:cut]), *parser.feed(stream[cut:]), *parser.end()]
        assert [event.data for event in events] == [b"a"]
