"""`make chaos`: load on several relay workers while everything is killed, then the audit and the comparison to the micro-dollar.

Passes when the audit is clean, every whole answer has exactly one usage row with exactly the price of what the upstream
served, and the wallets fell by exactly the sum of the rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.stack import ROOT, free_port
from tests.chaos import clients, monkey
from tests.chaos.upstream import INPUT_TOKENS

INPUT_PRICE, OUTPUT_PRICE = 3, 15  # µ$ per token


def _await(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).close()  # our own loopback server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def _manage(environment: dict[str, str], *words: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "manage.py", *words, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{words[0]}: {done.stdout}{done.stderr}") from None
    return {**answer, "exit": done.returncode} if isinstance(answer, dict) else {"rows": answer, "exit": done.returncode}


def _fill(environment: dict[str, str], upstream: str, wallets: int) -> list[str]:
    words = [sys.executable, "-m", "tests.chaos.prepare", upstream, str(wallets)]
    done = subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


async def _storm(url: str, keys: list[str], var: Path, chosen: argparse.Namespace) -> clients.Outcome:
    stop, outcome = asyncio.Event(), clients.Outcome()
    load = asyncio.create_task(clients.load(url=url, keys=keys, clients=chosen.clients, stop=stop, outcome=outcome, seed=chosen.seed))
    started = time.monotonic()
    await monkey.rampage(
        var, seconds=chosen.seconds, seed=chosen.seed, say=lambda deed: print(f"  {time.monotonic() - started:5.1f} s  {deed}", flush=True)
    )
    stop.set()
    await load
    return outcome


def _judge(environment: dict[str, str], outcome: clients.Outcome) -> list[str]:
    expected = {name: INPUT_TOKENS * INPUT_PRICE + tokens * OUTPUT_PRICE for name, (_, tokens) in outcome.whole.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.compare"],
        cwd=ROOT,
        env=environment,
        input=json.dumps(expected),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout)["wrong"])


def main() -> int:
    """Run one storm; return 0 when nothing was lost or doubled."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--clients", type=int, default=80)
    options.add_argument("--wallets", type=int, default=12)
    options.add_argument("--relays", type=int, default=4)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "keyosk-chaos.log", help="what the product prints")
    chosen = options.parse_args()
    print(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory(prefix="keyosk-chaos-") as name:
        var, port, up_port = Path(name) / "var", free_port(), free_port()
        environment = {**os.environ, "KEYOSK_VAR_DIR": str(var), "KEYOSK_DEMO": "0", "PORT": str(port), "RELAYS": str(chosen.relays)}
        with chosen.log.open("wb") as log:
            upstream = subprocess.Popen([sys.executable, "-m", "tests.chaos.upstream", str(up_port)], cwd=ROOT)
            keyosk = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log)
            try:
                _await(f"http://127.0.0.1:{port}/healthz")
                keys = _fill(environment, f"http://127.0.0.1:{up_port}", chosen.wallets)
                outcome = asyncio.run(_storm(f"http://127.0.0.1:{port}", keys, var, chosen))
                time.sleep(3)
                audit = _manage(environment, "audit_ledger", "--wait", "60")
                wrong = _judge(environment, outcome)
            finally:
                upstream.terminate()
                keyosk.terminate()
                keyosk.wait(60)
    print(f"whole answers {len(outcome.whole)}, others {dict(outcome.others)}")
    print(f"audit: {audit}")
    for line in wrong[:20]:
        print(f"WRONG {line}")
    is_clean = audit["exit"] == 0 and not wrong and len(outcome.whole) > 0
    print("clean: 0 lost, 0 doubled" if is_clean else f"NOT CLEAN: {chosen.log} has what the product printed")
    return 0 if is_clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
