"""Find the programs a bench needs; install them where the machine is Debian-like and we may."""

from __future__ import annotations

import os
import shutil
import subprocess

PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def need(program: str, *, package: str) -> str:
    """Return the program's path; install `package` when it is missing, or say how to."""
    found = shutil.which(program, path=PLACES)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {package}", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]  # one dictionary for both
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=False, **quiet)  # type: ignore[call-overload]
        found = shutil.which(program, path=PLACES)
    if found is None:
        raise SystemExit(f"{program} is missing: as root, apt-get install {package}")
    return found
