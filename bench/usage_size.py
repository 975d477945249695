"""`python -m bench.usage_size`: what 400,000 usage rows do to the sums and to the pages, as ratios within one run."""

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
    """Start a database in a temporary folder and measure in a process that knows it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=400_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="keyosk-size-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = {**os.environ, "KEYOSK_VAR_DIR": str(folder / "var"), "KEYOSK_DEMO": "0", "PYTHONPATH": str(ROOT)}
        for variable in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(variable, None)
        with embedded.servers(folder / "var"):
            subprocess.run([sys.executable, "-m", "bench.usage_readings", str(chosen.rows)], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
