"""Claude Code and Codex, one turn each, as their users start them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile

from report import BASE, KEY, KEYS, MODEL, TAP, TEXT, requests, same, tried

BIN = pathlib.Path(__file__).parents[1] / "node_modules" / ".bin"
SECONDS = 150


def run(command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    home = tempfile.mkdtemp()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "OPENAI", "CLAUDE"))}
    environment = {**kept, "HOME": home, "CODEX_HOME": home, **settings}
    return subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )


def claude(base: str, key: str) -> tuple[subprocess.CompletedProcess[str], dict[str, object]]:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1"}
    models = {"ANTHROPIC_MODEL": MODEL, "ANTHROPIC_SMALL_FAST_MODEL": MODEL, "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL}
    command = [str(BIN / "claude"), "-p", "hello", "--output-format", "json"]
    done = run(command, ANTHROPIC_BASE_URL=base, ANTHROPIC_AUTH_TOKEN=key, **quiet, **models)
    return done, json.loads(done.stdout or "{}")


def codex(base: str, key: str) -> subprocess.CompletedProcess[str]:
    provider = f'{{name="Keyosk",base_url="{base}/v1",env_key="KEYOSK_KEY",wire_api="responses"}}'
    options = [f"model={MODEL}", "model_provider=keyosk", f"model_providers.keyosk={provider}"]
    command = [str(BIN / "codex"), "exec", "--json", "--skip-git-repo-check", *(word for one in options for word in ("-c", one)), "hello"]
    return run(command, KEYOSK_KEY=key)


def claude_answers() -> None:
    """One turn; the tokens it counts are the upstream's (12 + 4)."""
    done, told = claude(BASE, KEY)
    same((done.returncode, told.get("is_error"), told.get("result")), (0, False, TEXT))
    same((told["usage"]["input_tokens"], told["usage"]["output_tokens"]), (12, 4))


def codex_answers() -> None:
    done = codex(BASE, KEY)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    usage = [event["usage"] for event in events if event.get("type") == "turn.completed"]
    same((done.returncode, TEXT in done.stdout), (0, True))
    same([(one["input_tokens"], one["output_tokens"]) for one in usage], [(12, 4)])


def claude_is_refused(key: str, words: str) -> None:
    """It stops after one request and shows why."""
    requests()
    _, told = claude(TAP, key)
    same((told.get("is_error"), words in str(told.get("result")), requests()), (True, True, 1))


def codex_is_refused(key: str, words: str, times: int) -> None:
    requests()
    done = codex(TAP, key)
    same((done.returncode != 0, words in done.stdout + done.stderr, requests()), (True, True, times))


tried("text", claude_answers, case="Claude Code")
tried("text", codex_answers, case="Codex")
tried("refusals", lambda: claude_is_refused(KEYS["poor"], "balance"), calls=0, case="Claude Code, quota")
tried("refusals", lambda: claude_is_refused(KEYS["bad"], "key"), calls=0, case="Claude Code, bad key")
tried("refusals", lambda: codex_is_refused(KEYS["poor"], "uota", 1), calls=0, case="Codex, quota")
tried("refusals", lambda: codex_is_refused(KEYS["bad"], "401", 6), calls=0, case="Codex, bad key")  # it knows no refusal of a key
