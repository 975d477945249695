"""Reading multipart bodies: parts, limits, broken ones, clients that leave, processes that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from channels_app.forms import Form
from gateway import uploads
from gateway.bodies import BodyTooLarge, ClientGone
from gateway.uploads import FormUnreadable
from tests.gateway.test_bodies import Wire

LIMIT = 8 * 1024 * 1024


def encoded(**files: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """A form as httpx writes it: its header and its bytes."""
    request = httpx.Request("POST", "http://x/", data={"model": "m"}, files={name: (f"{name}.wav", data) for name, data in files.items()})
    return {b"content-type": request.headers["content-type"].encode()}, request.read()


async def read(headers: dict[bytes, bytes], *parts: bytes, folder: Path | None = None, leaves: bool = False) -> Form:
    return await uploads.read(Wire(parts, leaves=leaves), headers, limit=LIMIT, folder=folder)


@pytest.mark.parametrize("step", [1, 7, 100, 1_000_000])
async def test_any_chunking_gives_the_same_form(step: int) -> None:
    headers, body = encoded(file=b"\r\n--\r\nnot a boundary\r\n" * 20)

    form = await read(headers, *[body[start : start + step] for start in range(0, len(body), step)])

    assert form.fields() == {"model": "m"}
    assert [(part.filename, form.bytes_of(part)) for part in form.files("file")] == [("file.wav", b"\r\n--\r\nnot a boundary\r\n" * 20)]


async def test_a_large_file_lies_on_disk_without_a_name_and_is_gone_when_closed(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4 * 4096
    headers, body = encoded(file=data)

    form = await read(headers, *[body[start : start + 65536] for start in range(0, len(body), 65536)], folder=tmp_path)

    assert form.bytes_of(form.files("file")[0]) == data
    assert os.listdir(tmp_path) == []
    form.close()


async def test_more_than_the_limit_is_refused_after_it_was_read(tmp_path: Path) -> None:
    headers, body = encoded(file=b"x" * (LIMIT + 1))

    with pytest.raises(BodyTooLarge):
        await read(headers, *[body[start : start + 65536] for start in range(0, len(body), 65536)], folder=tmp_path)


async def test_a_client_that_leaves_leaves_nothing(tmp_path: Path) -> None:
    headers, body = encoded(file=b"x" * 3_000_000)

    with pytest.raises(ClientGone):
        await read(headers, body[:2_000_000], leaves=True, folder=tmp_path)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"multipart/form-data", b""),
        (b"multipart/form-data; boundary=B", b""),
        (b"multipart/form-data; boundary=B", b"--B\r\n"),
        (b"multipart/form-data; boundary=B", b'--B\r\ncontent-disposition: form-data; name="a"\r\n\r\nvalue'),
        (b"multipart/form-data; boundary=B", b'--B\r\ncontent-disposition: attachment; name="a"\r\n\r\nvalue\r\n--B--\r\n'),
        (b"multipart/form-data; boundary=B", b"no boundary at all"),
        (b"multipart/form-data; boundary=B", b'--B\r\n content-disposition: form-data; name="a"\r\n\r\nvalue\r\n--B--\r\n'),
    ],
)
async def test_what_is_no_complete_form_is_refused(kind: bytes, body: bytes) -> None:
    with pytest.raises(FormUnreadable):
        await read({b"content-type": kind}, body)


async def test_a_packed_form_is_refused() -> None:
    headers, body = encoded(file=b"x")

    with pytest.raises(FormUnreadable):
        await read({**headers, b"content-encoding": b"gzip"}, body)


def test_a_killed_process_leaves_no_file(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from channels_app.forms import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.write(b'x' * 3_000_000)\n"
        "assert store.is_on_disk\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "uploads")], check=False)

    assert done.returncode == -9
    assert list((tmp_path / "uploads").iterdir()) == []
