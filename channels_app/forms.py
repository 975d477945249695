"""Multipart forms as values: parts in their order, large ones on disk, written out anew with a boundary of our own.

Rewriting every form keeps one reading of it: what we billed by is what the vendor reads, whatever the client's bytes were.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

MEMORY_BYTES = 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_TEXT = 64 * 1024
# What a browser escapes in names and file names (HTML, "multipart form data").
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A", "\0": "%00"})


class Store:
    """Bytes written once and read from anywhere: in memory up to a limit, then in a file that has no name.

    Such a file is gone with the process that holds it, however that ends: nothing is left to sweep.
    """

    __slots__ = ("_file", "_folder", "_memory", "_memory_bytes", "size")

    def __init__(self, folder: Path | None = None, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._memory = bytearray()
        self._memory_bytes = memory_bytes
        self._file: BinaryIO | None = None
        self.size = 0

    @property
    def is_on_disk(self) -> bool:
        return self._file is not None

    def write(self, data: bytes) -> None:
        """Append bytes; raise OSError when the disk is full. Blocks on the disk beyond the limit."""
        self.size += len(data)
        if self._file is None and self.size <= self._memory_bytes:
            self._memory += data
            return
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._file = cast("BinaryIO", tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115  # closed by `close`
            data, self._memory = bytes(self._memory) + data, bytearray()
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def read(self, start: int, size: int) -> bytes:
        """Return at most so many of the bytes from a place on."""
        if self._file is None:
            return bytes(self._memory[start : start + size])
        return os.pread(self._file.fileno(), size, start)

    def close(self) -> None:
        """Let go of everything; harmless a second time."""
        if self._file is not None:
            self._file.close()
        self._memory = bytearray()


@dataclass(frozen=True, slots=True)
class Part:
    """One field or file of a form: `size` bytes of its store from `start` on."""

    name: str
    filename: str | None
    content_type: str | None
    start: int
    size: int


class Form:
    """A client's form: its parts in order and where their bytes are."""

    __slots__ = ("_boundary", "_store", "parts")

    def __init__(self, *, parts: tuple[Part, ...], store: Store, boundary: str) -> None:
        self.parts = parts
        self._store = store
        self._boundary = boundary

    def fields(self) -> dict[str, Any]:
        """Return the fields that are no files by name; names that end in `[]` as lists."""
        found: dict[str, Any] = {}
        for part in self.parts:
            if part.filename is not None:
                continue
            value = self._store.read(part.start, min(part.size, _LONGEST_TEXT)).decode(errors="replace")
            if part.name.endswith("[]"):
                found.setdefault(part.name, []).append(value)
            else:
                found[part.name] = value
        return found

    def files(self, *names: str) -> list[Part]:
        """Return the files sent under one of these names."""
        return [part for part in self.parts if part.filename is not None and part.name in names]

    def open(self, part: Part) -> BinaryIO:
        """Return a part's bytes as a file; the caller closes it."""
        return cast("BinaryIO", io.BufferedReader(_Window(self._store, part)))

    def bytes_of(self, part: Part) -> bytes:
        """Return a part's bytes."""
        return self._store.read(part.start, part.size)

    def body(self, *, values: Mapping[str, str], drop: Collection[str] = ()) -> FormBody:
        """Return the form to send on: these fields with other values (added where missing), those in `drop` left out."""
        pieces: list[tuple[bytes, Part | None]] = []
        missing = dict(values)
        for part in self.parts:
            if part.name in drop:
                continue
            own = missing.pop(part.name, None) if part.filename is None else None
            if own is None and part.filename is None and part.name in values:
                continue  # a second field of this name: the vendor must not read another value than we did
            head = self._head(part.name, part.filename, part.content_type)
            pieces.append((head + own.encode(), None) if own is not None else (head, part))
        pieces += [(self._head(name, None, None) + value.encode(), None) for name, value in missing.items()]
        return FormBody(tuple(pieces), self._store, self._boundary)

    def close(self) -> None:
        """Let go of the bytes."""
        self._store.close()

    def _head(self, name: str, filename: str | None, content_type: str | None) -> bytes:
        lines = f'--{self._boundary}\r\ncontent-disposition: form-data; name="{name.translate(_ESCAPES)}"'
        if filename is not None:
            lines += f'; filename="{filename.translate(_ESCAPES)}"\r\ncontent-type: {content_type or "application/octet-stream"}'
        return f"{lines}\r\n\r\n".encode()


class FormBody:
    """A form as the body of a request: its length is known, its bytes come in pieces, as often as it is sent."""

    __slots__ = ("_boundary", "_end", "_pieces", "_size", "_store")

    def __init__(self, pieces: tuple[tuple[bytes, Part | None], ...], store: Store, boundary: str) -> None:
        self._pieces = pieces
        self._store = store
        self._boundary = boundary
        self._end = f"--{boundary}--\r\n".encode()
        self._size = sum(len(head) + (part.size if part is not None else 0) + 2 for head, part in pieces) + len(self._end)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, at most 64 KiB of a file at a time."""
        for head, part in self._pieces:
            yield head
            if part is not None:
                for start in range(part.start, part.start + part.size, _PIECE):
                    yield self._store.read(start, min(_PIECE, part.start + part.size - start))
            yield b"\r\n"
        yield self._end


class _Window(io.RawIOBase):
    """One part as a file of its own."""

    def __init__(self, store: Store, part: Part) -> None:
        self._store = store
        self._part = part
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._part.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._part.size - self._place))
        data = self._store.read(self._part.start + self._place, wanted)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
