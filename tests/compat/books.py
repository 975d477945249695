"""The instance under test, and the proof after each client: upstream calls, usage rows, their prices, the balance, the audit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.compat.upstream import INPUT_MICROS, OUTPUT_MICROS, is_probe
from tests.doubles.upstream import Received, Upstream
from tests.flows import stack

# What is asked of an upstream without a call: its list of models, a count of tokens.
_FREE = ("/models", "/count_tokens")
_POSTED_SECONDS = 20


@dataclass(frozen=True)
class Instance:
    """A running instance and the account that pays."""

    var: Path
    demo: dict[str, str]
    upstream: Upstream
    behind: Upstream  # what stands behind a LiteLLM proxy

    def manage(self, *arguments: str) -> Any:
        """Run a command against it and return its JSON."""
        return json.loads(self.run(*arguments, "--json"))

    def run(self, *arguments: str) -> str:
        """Run a command against it and return what it writes."""
        port = self.demo["KEYOSK_BASE_URL"].rpartition(":")[2]
        environment = {name: value for name, value in os.environ.items() if name not in stack.OF_THE_TESTS}
        environment |= {"KEYOSK_VAR_DIR": str(self.var), "PORT": port}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=stack.ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"manage.py {arguments[0]}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def left_micros(self) -> int:
        """Return what the account can spend."""
        return int(self.manage("balance", "--user", self.demo["KEYOSK_USER_EMAIL"])["available_micros"])

    def calls(self) -> int:
        """Return how many calls the upstream has had."""
        return len(self.asked())

    def asked(self) -> list[Received]:
        """Return the calls of clients that reached the upstream."""
        received = [*self.upstream.requests, *self.behind.requests]
        return [one for one in received if one.method == "POST" and not one.path.endswith(_FREE) and not is_probe(one)]

    def rows(self, limit: int) -> list[dict[str, Any]]:
        """Return the last calls of the paying key, the newest first."""
        found: list[dict[str, Any]] = self.manage("usage", "--key", self.demo["KEYOSK_API_KEY"][:10], "--limit", str(limit))
        return found


@dataclass(frozen=True)
class Page:
    """How the books stood before a client began."""

    left_micros: int
    calls: int
    newest: str


def open_page(instance: Instance) -> Page:
    """Note how the books stand."""
    newest = instance.rows(1)
    return Page(instance.left_micros(), instance.calls(), newest[0]["id"] if newest else "")


def proof(instance: Instance, page: Page, expected: int | None) -> str:
    """Return what is wrong with the books since a page was opened, or nothing: `expected` calls, each booked at its price, all paid."""
    made = instance.calls() - page.calls
    audit = instance.manage("audit_ledger", "--wait", "10")
    rows = _since(instance, page, made)
    fell, priced = page.left_micros - instance.left_micros(), sum(row["price_micros"] for row in rows)
    if expected is not None and made != expected:
        return f"{made} upstream calls instead of {expected}: {_by_model(instance, made)}"
    if fell != priced:
        return f"the balance fell by {fell} µ$, the calls cost {priced} µ$"
    wrong = [row for row in rows if row["price_micros"] != _price_micros(row)]
    if wrong:
        return f"{wrong[0]['model']} has the price {wrong[0]['price_micros']} µ$ instead of {_price_micros(wrong[0])} µ$"
    findings = audit["findings"] if isinstance(audit, dict) else audit
    return f"the audit found {findings}" if findings else ""


def _by_model(instance: Instance, made: int) -> str:
    """Return which upstream models the last calls asked for, where that was not once each."""
    counted = Counter(str(request.fields.get("model")) for request in instance.asked()[-made:])
    return ", ".join(f"{model} × {count}" for model, count in counted.items() if count > 1)


def _since(instance: Instance, page: Page, made: int) -> list[dict[str, Any]]:
    """Return the rows of a page once as many are posted as calls were made (a call that went two ways is one row)."""
    until = time.monotonic() + _POSTED_SECONDS
    while True:
        rows = [row for row in instance.rows(made + 50) if row["id"] > page.newest]
        if sum(1 + len(row["tried"] or ()) for row in rows) >= made or time.monotonic() > until:
            return rows
        time.sleep(0.5)


def _price_micros(row: dict[str, Any]) -> int:
    """Return what a row must cost by the tokens in it; nothing if nobody answered."""
    if row["error"] or not row["usage"]:
        return 0
    usage: dict[str, int] = row["usage"]
    put_in = sum(tokens for name, tokens in usage.items() if "input" in name)
    put_out = sum(tokens for name, tokens in usage.items() if "output" in name)
    return -(-(put_in * INPUT_MICROS + put_out * OUTPUT_MICROS) // 1_000_000)


def unmet(told: Sequence[dict[str, Any]]) -> int | None:
    """Return how many upstream calls the features of a client meant to make, or None if one cannot say."""
    return None if any(one["calls"] < 0 for one in told) else sum(one["calls"] for one in told)
