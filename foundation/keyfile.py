"""Keep a secret in a file that only its owner can read, made on first use."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class CannotKeep(Exception):
    """The file can neither be read nor made; the message is one line that names it and says why."""


def read_or_make(path: Path) -> str:
    """Return the file's text; make it with 64 random hexadecimal digits (mode 0600) when there is none.

    Two processes that start at once agree: the file appears by an exclusive link, the loser reads the winner's.
    Raise CannotKeep when the place belongs to somebody else or the disk is full.
    """
    try:
        return _read_or_make(path)
    except OSError as error:
        raise CannotKeep(f"{path} cannot be used: {error.strerror}. Start as the owner of {path.parent}, or set KEYOSK_VAR_DIR") from error


def _read_or_make(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
