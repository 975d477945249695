"""Find out before anything starts why it could not: owner, disk, lock, port. Each refusal is one line with a way out."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEAST_FREE_BYTES = 200 * 1024 * 1024


class Refused(Exception):
    """Keyosk cannot start here; the message says why and what to do."""


def check_owner(var: Path) -> None:
    """Make `var` when it is missing; refuse one that belongs to another user (PostgreSQL would, later and less clearly)."""
    try:
        var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{var} cannot be made: {error.strerror}") from error
    owner = var.stat().st_uid
    if owner != os.geteuid():
        raise Refused(f"{var} belongs to {_user(owner)}, you are {_user(os.geteuid())}: start as {_user(owner)}, or set KEYOSK_VAR_DIR")


def check_space(var: Path, *, least_bytes: int = LEAST_FREE_BYTES) -> None:
    """Refuse a disk that is as good as full."""
    free = shutil.disk_usage(var).free
    if free < least_bytes:
        raise Refused(f"only {free // 2**20} MiB are free in {var}, {least_bytes // 2**20} are needed: make room, or set KEYOSK_VAR_DIR")


@contextmanager
def lock(var: Path) -> Iterator[None]:
    """Hold `var/lock`; refuse when another start holds it. The kernel lets go of it when we die, however we die."""
    with (var / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            way_out = f"stop it with Ctrl-C there or `kill {holder}`; a second Keyosk needs a folder and a PORT of its own"
            raise Refused(f"Keyosk already runs in {var} (process {holder}): {way_out}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return the listening socket that the relays inherit; refuse when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Refused(_why_not(error, host, port)) from error
    listener.listen(2048)
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: stop what uses it, or choose another one with PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return f"port {port} needs root: choose one above 1023, as in PORT=8000 make run"
    return f"{host}:{port} cannot be listened on: {error.strerror}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
