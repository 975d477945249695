"""A server that takes connections and says nothing: what a stopped Redis looks like from outside."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Self


class SilentServer:
    """Use as a context; `url` is its address as one of Redis."""

    def __init__(self, folder: Path) -> None:
        path = folder / "silent.sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(50)
        self.url = f"unix://{path}?db=0"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
