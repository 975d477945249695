"""Simon Willison's `llm` on the command line, with the model named in its own settings file."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from report import BASE, KEY, MODEL, TEXT, same, tried

HOME = tempfile.mkdtemp()
pathlib.Path(HOME, "extra-openai-models.yaml").write_text(
    f"- model_id: house\n  model_name: {MODEL}\n  api_base: {BASE}/v1\n  api_key_name: house\n"
)
pathlib.Path(HOME, "keys.json").write_text(json.dumps({"house": KEY}))


def ask(*options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "llm", "-m", "house", *options, "hello"],
        env={**os.environ, "LLM_USER_PATH": HOME},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    same((done.returncode, done.stdout.strip(), done.stderr[-200:]), (0, TEXT, ""))


tried("text", lambda: ask("--no-stream"))
tried("stream", ask)
