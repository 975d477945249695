"""JSON that only a lenient parser reads."""

from __future__ import annotations

import pytest

from channels_app import lenient


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b'{"a":1}', b'{"a":1}'),
        (b'{"a":-Infinity}', b'{"a":null}'),
        (b'{"a":"\\ud83d"}', b'{"a":"\\ud83d"}'),
        (b'{"a":1}}', b'{"a":1}'),
        (b'{"a":{"b":2}} }\n', b'{"a":{"b":2}}'),
    ],
)
def test_what_is_read_is_written_so_that_clients_can_read_it(data: bytes, written: bytes) -> None:
    assert lenient.dumps(lenient.loads(data)) == written


@pytest.mark.parametrize("data", [b"", b"{", b"}", b"\xff", b"[" * 100_000, b'{"a":1}{"b":2}', b'{"a":}}', b'{"a":1} trailing'])
def test_what_is_no_json_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # every kind of it
        lenient.loads(data)
