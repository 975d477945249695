"""Forms: where their bytes are, how they are written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_app.forms import Form, Part, Store


def form(*fields: tuple[str, str | None, bytes], store: Store | None = None) -> Form:
    """A form of (name, file name, bytes)."""
    store = store or Store()
    parts = []
    for name, filename, data in fields:
        parts.append(Part(name, filename, "audio/wav" if filename else None, store.size, len(data)))
        store.write(data)
    return Form(parts=tuple(parts), store=store, boundary="B")


def test_a_form_is_written_in_its_order_with_another_model_and_a_boundary_of_its_own() -> None:
    sent = form(("file", "a.wav", b"RIFF"), ("model", None, b"public"), ("language", None, b"de"))

    body = sent.body(values={"model": "upstream"})

    assert bytes(body) == (
        b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nRIFF\r\n'
        b'--B\r\ncontent-disposition: form-data; name="model"\r\n\r\nupstream\r\n'
        b'--B\r\ncontent-disposition: form-data; name="language"\r\n\r\nde\r\n'
        b"--B--\r\n"
    )
    assert len(body) == len(bytes(body))
    assert body.content_type == "multipart/form-data; boundary=B"


def test_a_second_field_of_a_name_we_bill_by_never_reaches_the_vendor() -> None:
    sent = form(("model", None, b"cheap"), ("model", None, b"dear"), ("tag", None, b"1"), ("tag", None, b"2"))

    assert bytes(sent.body(values={"model": "up"})).count(b'name="model"') == 1
    assert b"dear" not in bytes(sent.body(values={"model": "up"}))
    assert bytes(sent.body(values={"model": "up"})).count(b'name="tag"') == 2


def test_missing_values_are_added_and_dropped_fields_left_out() -> None:
    body = bytes(form(("a", None, b"1"), ("api_key", None, b"x")).body(values={"model": "up"}, drop={"api_key"}))

    assert b'name="model"\r\n\r\nup\r\n' in body
    assert b"api_key" not in body


def test_names_cannot_break_out_of_their_line() -> None:
    body = bytes(form(('a"\r\nx: y', 'f".wav', b"1")).body(values={}))

    assert b'name="a%22%0D%0Ax: y"; filename="f%22.wav"\r\n' in body


def test_fields_are_texts_and_names_with_brackets_lists() -> None:
    sent = form(("n", None, b"2"), ("include[]", None, b"a"), ("include[]", None, b"b"), ("image[]", "1.png", b"x"))

    assert sent.fields() == {"n": "2", "include[]": ["a", "b"]}
    assert [part.filename for part in sent.files("image", "image[]")] == ["1.png"]


def test_small_bytes_stay_in_memory_and_large_ones_lie_in_a_file_without_a_name(tmp_path: Path) -> None:
    store = Store(tmp_path, memory_bytes=10)
    store.write(b"0123456789")
    was_on_disk = store.is_on_disk

    store.write(b"abc")

    assert (was_on_disk, store.is_on_disk) == (False, True)
    assert list(tmp_path.iterdir()) == []
    assert (store.read(8, 4), store.read(0, 100)) == (b"89ab", b"0123456789abc")
    store.close()
    store.close()


@pytest.mark.parametrize("memory_bytes", [10, 1_000_000])
def test_a_body_can_be_sent_more_than_once_in_pieces(tmp_path: Path, memory_bytes: int) -> None:
    data = bytes(range(256)) * 1000
    sent = form(("file", "a.bin", data), store=Store(tmp_path, memory_bytes=memory_bytes))
    body = sent.body(values={})

    assert bytes(body) == bytes(body)
    assert data in bytes(body)
    assert max(map(len, body.pieces())) <= 64 * 1024
    sent.close()


def test_a_part_opens_as_a_file() -> None:
    sent = form(("a", "a", b"zero"), ("file", "b", b"0123456789"))

    with sent.open(sent.files("file")[0]) as file:
        assert file.read(4) == b"0123"
        assert (file.seek(-2, 2), file.read(), file.tell()) == (8, b"89", 10)
        assert (file.seek(1), file.read(2)) == (1, b"12")
