"""Claude Code and Codex, one turn each, as their users start them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile

from report import BASE, KEY, MODEL, TEXT, same, tried

BIN = pathlib.Path(__file__).parents[1] / "node_modules" / ".bin"
SECONDS = 150


def run(command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    home = tempfile.mkdtemp()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "OPENAI", "CLAUDE"))}
    environment = {**kept, "HOME": home, "CODEX_HOME": home, **settings}
    return subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )


def claude() -> None:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1"}
    models = {"ANTHROPIC_MODEL": MODEL, "ANTHROPIC_SMALL_FAST_MODEL": MODEL, "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL}
    command = [str(BIN / "claude"), "-p", "hello", "--output-format", "json"]
    done = run(command, ANTHROPIC_BASE_URL=BASE, ANTHROPIC_AUTH_TOKEN=KEY, **quiet, **models)
    told = json.loads(done.stdout or "{}")
    same((done.returncode, told.get("is_error"), told.get("result")), (0, False, TEXT))


def codex() -> None:
    provider = f'{{name="Keyosk",base_url="{BASE}/v1",env_key="KEYOSK_KEY",wire_api="responses"}}'
    options = [f"model={MODEL}", "model_provider=keyosk", f"model_providers.keyosk={provider}"]
    command = [str(BIN / "codex"), "exec", "--skip-git-repo-check", *(word for option in options for word in ("-c", option)), "hello"]
    done = run(command, KEYOSK_KEY=KEY)
    same((done.returncode, TEXT in done.stdout), (0, True))


tried("Claude Code, one turn", claude, calls=-1)
tried("Codex, one turn", codex, calls=-1)
