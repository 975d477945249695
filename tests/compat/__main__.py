"""Run every client against a running instance, prove the books after each, and print the table client × feature.

    python -m tests.compat [CLIENT …]

Clients come from their packages (Python: `requirements.txt`, Node: `package-lock.json`), into `var/compat` and `tests/compat/node_modules`.
After each client: as many upstream calls as it meant to make, as many usage rows, a balance that fell by their prices, a clean audit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.flows import stack

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = ROOT / "var" / "compat" / "venv"
MODEL = "compat-model"
CLIENT_SECONDS = 400


@dataclass(frozen=True)
class Result:
    """One feature of one client, or the books after it."""

    client: str
    feature: str
    told: str

    @property
    def is_ok(self) -> bool:
        """Tell whether it worked."""
        return not self.told


@dataclass(frozen=True)
class Instance:
    """A running instance and the account that pays."""

    var: Path
    demo: dict[str, str]
    upstream: Upstream

    def manage(self, *arguments: str) -> Any:
        """Run a command against it and return its JSON."""
        port = self.demo["KEYOSK_BASE_URL"].rpartition(":")[2]
        environment = {name: value for name, value in os.environ.items() if name not in stack.OF_THE_TESTS}
        environment |= {"KEYOSK_VAR_DIR": str(self.var), "PORT": port}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"manage.py {arguments[0]}: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    def left_micros(self) -> int:
        """Return what the account can spend."""
        return int(self.manage("balance", "--user", self.demo["KEYOSK_USER_EMAIL"])["available_micros"])


def main(wanted: Sequence[str]) -> int:
    """Run the clients and return the exit code."""
    python, node = _tools()
    scripts = [path for path in sorted((HERE / "clients").iterdir()) if path.stem != "report" and path.suffix in {".py", ".mjs"}]
    chosen = [path for path in scripts if not wanted or path.stem in wanted]
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream, stack.running(Path(folder)) as demo:
        instance = Instance(Path(folder), demo, upstream)
        instance.manage("add_channel", "--name", "compat", "--provider", "openai", "--base-url", upstream.url, "--key", "sk-upstream",
                        "--models", f"{MODEL}=up-1", "--group", "default")  # fmt: skip
        instance.manage("set_price", "--model", MODEL, "--input", "2.5", "--output", "10")
        for script in chosen:
            results += _told(list(_run(instance, script, python if script.suffix == ".py" else node)))
    _print(results)
    return 0 if results and all(result.is_ok for result in results) else 1


def _tools() -> tuple[str, str]:
    """Install the clients where they are missing; return the two interpreters."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("make compat needs node (20 or later) for the clients written for it")
    if not (VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run(
            [str(VENV / "bin" / "pip"), "install", "-q", "--no-deps", "--require-hashes", "-r", str(HERE / "requirements.txt")], check=True
        )
    if not (HERE / "node_modules" / ".bin" / "codex").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)
    return str(VENV / "bin" / "python"), node


def _run(instance: Instance, script: Path, interpreter: str) -> Iterator[Result]:
    print(f"… {script.stem}", flush=True)
    left, calls = instance.left_micros(), _calls(instance.upstream)
    settings = {"COMPAT_BASE": instance.demo["KEYOSK_BASE_URL"], "COMPAT_KEY": instance.demo["KEYOSK_API_KEY"], "COMPAT_MODEL": MODEL}
    settings |= {"COMPAT_TEXT": replies.TEXT}
    try:
        done = subprocess.run(
            [interpreter, str(script)], cwd=script.parent, env={**os.environ, **settings}, capture_output=True, text=True,
            timeout=CLIENT_SECONDS, check=False,
        )  # fmt: skip
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"feature"')]
        if not told:
            yield Result(script.stem, "starts", done.stderr.strip()[-300:] or "it told nothing")
    except subprocess.TimeoutExpired:
        told = []
        yield Result(script.stem, "ends", f"not within {CLIENT_SECONDS} s")
    for one in told:
        yield Result(script.stem, one["feature"], "" if one["ok"] else one["told"] or "it failed")
    expected = sum(one["calls"] for one in told) if all(one["calls"] >= 0 for one in told) else None
    yield Result(script.stem, "books", _books(instance, left, _calls(instance.upstream) - calls, expected))


def _calls(upstream: Upstream) -> int:
    return sum(request.path.endswith("/chat/completions") for request in upstream.requests)


def _books(instance: Instance, left: int, made: int, expected: int | None) -> str:
    """Return what is wrong after a client: calls too many or too few, a balance that does not follow, a finding of the audit."""
    audit = instance.manage("audit_ledger", "--wait", "10")
    prefix = instance.demo["KEYOSK_API_KEY"][:10]
    rows = instance.manage("usage", "--key", prefix, "--limit", str(made)) if made else []
    fell, priced = left - instance.left_micros(), sum(row["price_micros"] for row in rows)
    if expected is not None and made != expected:
        return f"{made} upstream calls instead of {expected}"
    if fell != priced:
        return f"the balance fell by {fell} µ$, the calls cost {priced} µ$"
    return "" if not (audit["findings"] if isinstance(audit, dict) else audit) else f"the audit found {audit}"


def _told(results: list[Result]) -> list[Result]:
    """Say at once what failed."""
    for result in results:
        if not result.is_ok:
            print(f"  ✗ {result.feature}: {result.told}", flush=True)
    return results


def _print(results: Sequence[Result]) -> None:
    width = max((len(result.client) for result in results), default=0)
    for client in dict.fromkeys(result.client for result in results):
        own = [result for result in results if result.client == client]
        print(f"{client.ljust(width)}  " + "  ".join(f"{'✓' if one.is_ok else '✗'} {one.feature}" for one in own))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
