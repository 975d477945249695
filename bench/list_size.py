"""`python -m bench.list_size`: the consoles' lists with a million users, a million sub-keys and ten million usage rows."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.stack import ROOT
from foundation import embedded


def main() -> None:
    """Start a database in a temporary folder, seed it by SQL and measure in a process that knows it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=1_000_000)
    options.add_argument("--keys", type=int, default=1_000_000)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--folder", type=Path, help="keep the database here, and measure again what is there already")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="keyosk-lists-") as name:
        folder = Path(chosen.folder or name)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        environment = {**os.environ, "KEYOSK_VAR_DIR": str(folder / "var"), "KEYOSK_DEMO": "0", "PYTHONPATH": str(ROOT)}
        for variable in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(variable, None)
        with embedded.servers(folder / "var"):
            sizes = [str(chosen.users), str(chosen.keys), str(chosen.rows)]
            subprocess.run([sys.executable, "-m", "bench.list_readings", *sizes], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
