"""The embedded PostgreSQL and Redis of development and tests: where they live, how they start and stop."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def socket_folder(var: Path) -> Path:
    """Return the folder of the servers' sockets for one `var/`.

    It is short whatever the project's path is (a Unix socket's path has room for about 100 bytes)
    and belongs to one user and one `var/`, so that two checkouts never meet.
    """
    mark = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"keyosk-{os.geteuid()}-{mark}"
