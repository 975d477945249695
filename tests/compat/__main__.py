"""Run every client against a running instance, prove the books after each, and print the table client × feature.

    python -m tests.compat [CLIENT …]

Clients come from their packages (Python: `requirements.txt`, Node: `package-lock.json`), into `var/compat` and `tests/compat/node_modules`.
After each client: as many upstream calls as it meant to make, a usage row at its right price for each, a balance that fell by just
that, a clean audit.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.compat import books, litellm_proxy, table
from tests.compat.books import Instance
from tests.compat.table import Result
from tests.compat.tap import Tap
from tests.compat.upstream import ANTHROPIC, CompatUpstream
from tests.doubles import defects, replies
from tests.doubles.bedrock import Bedrock
from tests.flows import stack

HERE = Path(__file__).resolve().parent
VENV = stack.ROOT / "var" / "compat" / "venv"
MODEL = "compat-model"
CLIENT_SECONDS = 800
# Those that are given every defect and every error; a name is also a part of their models' names.
COLUMNS = (
    "openai_python",
    "openai_node",
    "ai_sdk",
    "langchain_openai_chat",
    "anthropic_python",
    "anthropic_node",
    "google_genai",
    "command_lines",
)


def main(wanted: Sequence[str]) -> int:
    """Run the clients and return the exit code."""
    python, node = _tools()
    scripts = [path for path in sorted((HERE / "clients").iterdir()) if path.stem != "report" and path.suffix in {".py", ".mjs"}]
    chosen = [path for path in scripts if not wanted or path.stem in wanted]
    results: list[Result] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        CompatUpstream() as upstream,
        Bedrock() as vendor,
        _litellm(chosen, Path(folder), Path(python), vendor) as litellm,
        stack.running(Path(folder)) as demo,
    ):
        instance = Instance(Path(folder), demo, upstream, vendor)
        settings = _settings(instance, litellm)
        with Tap(demo["KEYOSK_BASE_URL"]) as tap:
            for script in chosen:
                settings |= {"COMPAT_TAP": tap.url, "COMPAT_COLUMN": script.stem}
                results += _told(list(_run(instance, script, python if script.suffix == ".py" else node, settings)))
    print(table.write(results))
    return 0 if results and all(result.is_ok for result in results) else 1


@contextmanager
def _litellm(chosen: Sequence[Path], folder: Path, python: Path, vendor: Bedrock) -> Iterator[str]:
    """Run the LiteLLM proxy if it is asked for; give its address."""
    if not any(path.stem == "litellm_upstream" for path in chosen):
        yield ""
        return
    with litellm_proxy.running(folder, python, vendor) as url:
        yield url


def _tools() -> tuple[str, str]:
    """Install the clients where they are missing or others; return the two interpreters."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("make compat needs node (20 or later) for the clients written for it")
    pip = [str(VENV / "bin" / "pip"), "install", "-q", "--no-deps", "--require-hashes", "-r", str(HERE / "requirements.txt")]
    _install(VENV, HERE / "requirements.txt", [sys.executable, "-m", "venv", str(VENV)], pip)
    _install(HERE / "node_modules", HERE / "package-lock.json", ["npm", "ci", "--no-audit", "--no-fund", "--silent"])
    return str(VENV / "bin" / "python"), node


def _install(folder: Path, lock: Path, *commands: list[str]) -> None:
    """Run the commands that fill a folder, unless it was filled by this very lock."""
    filled_by = folder / ".filled-by"
    if filled_by.exists() and filled_by.read_bytes() == lock.read_bytes():
        return
    for command in commands:
        subprocess.run(command, cwd=HERE, check=True)
    filled_by.write_bytes(lock.read_bytes())


def _settings(instance: Instance, litellm: str) -> dict[str, str]:
    """Set the scene; return what every client's script is told."""
    demo = instance.demo
    scene = {"url": instance.upstream.url, "model": MODEL, "email": demo["KEYOSK_USER_EMAIL"], "columns": list(COLUMNS)}
    scene |= {"litellm": litellm, "key": litellm_proxy.MASTER_KEY}
    keys = instance.run("shell", "--no-imports", "-c", f"from tests.compat import scene\nscene.make(**{scene!r})")
    return {
        "COMPAT_BASE": demo["KEYOSK_BASE_URL"],
        "COMPAT_KEY": demo["KEYOSK_API_KEY"],
        "COMPAT_MODEL": MODEL,
        "COMPAT_TEXT": replies.TEXT,
        "COMPAT_KEYS": keys.splitlines()[-1],
        "COMPAT_CASES": json.dumps(_cases()),
    }


def _cases() -> dict[str, Any]:
    """Return what a script must read out of each defective stream, and which end in an error."""
    streams = [
        {"name": name, "model": f"compat-defect-{n}", "usage": one.has_usage, "text": one.text, "tools": one.tools, "finish": one.finish[0]}
        for n, (name, one) in enumerate(defects.STREAMS.items())
    ]
    failures = [{"name": name, "model": f"failure-{n}"} for n, name in enumerate(defects.FAILURES)]
    claude = [{"name": name, "model": f"claude-{n}", "answer": tokens} for n, (name, (_, tokens)) in enumerate(ANTHROPIC.items())]
    return {"streams": streams, "failures": [*failures, {"name": "cut socket", "model": "cut-socket"}], "claude": claude}


def _run(instance: Instance, script: Path, interpreter: str, settings: dict[str, str]) -> Iterator[Result]:
    print(f"{datetime.datetime.now(tz=datetime.UTC):%H:%M:%S} {script.stem}", flush=True)
    page = books.open_page(instance)
    try:
        done = subprocess.run(
            [interpreter, str(script)], cwd=script.parent, env={**os.environ, **settings}, capture_output=True, text=True,
            timeout=CLIENT_SECONDS, check=False,
        )  # fmt: skip
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"feature"')]
        if not told or done.returncode:
            yield Result(script.stem, "starts", done.stderr.strip()[-300:] or "it told nothing")
    except subprocess.TimeoutExpired:
        told = []
        yield Result(script.stem, "ends", f"not within {CLIENT_SECONDS} s")
    for one in told:
        yield Result(script.stem, one["feature"], "" if one["ok"] else f"{one.get('case') or ''}: {one['told'] or 'it failed'}")
    yield Result(script.stem, "books", books.proof(instance, page, books.unmet(told)))


def _told(results: list[Result]) -> list[Result]:
    """Say at once what failed."""
    for result in results:
        if not result.is_ok:
            print(f"  ✗ {result.feature} {result.told}", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
