"""`docs/shop.md` says all that can happen in a shop, and names tests that exist and speak of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from billing.models import Code, Order, PaymentAttempt, Refund
from billing.payments import stripe_events
from tests.house import code
from tests.house.test_payment_failures import FAILURES, numbers

TEXT = code.text(Path("docs/shop.md"))
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def rows(heading: str) -> dict[str, str]:
    """Return the table below a heading: the first cell of each row, and the row."""
    below = TEXT.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in below.splitlines() if line.startswith("| ")][1:]
    return {line.split("|")[1].strip(): line for line in lines}


def docstring(path: str, name: str) -> str:
    """Return what a test says of itself."""
    found = [node for node in ast.walk(code.tree(Path(path))) if isinstance(node, ast.FunctionDef) and node.name == name]
    return ast.get_docstring(found[0]) or "" if found else ""


def test_the_tests_it_names_exist() -> None:
    assert len(NAMED) > 60
    assert [f"{path}::{name}" for path, name in NAMED if f"def {name}(" not in code.text(Path(path))] == []


@pytest.mark.parametrize(
    ("heading", "states"),
    [("Orders", Order.State), ("Payments", PaymentAttempt.State), ("Refunds", Refund.State), ("Codes", Code.State)],
)
def test_every_state_has_its_row(heading: str, states: type[Order.State]) -> None:
    told = {state for cell in rows(heading) for state in re.findall(r"`(\w+)`", cell)}
    assert told == set(states.values)


def test_every_event_of_stripe_that_means_something_has_its_row() -> None:
    assert [cell.strip("`") for cell in rows("Stripe")] == [*stripe_events.WANTED, "any other"]


def test_every_row_names_a_test() -> None:
    headings = ("Orders", "Payments", "Refunds", "Codes", "Stripe", "epay", "USDT (epusdt, BEpusdt)", "Limits")
    assert [cell for heading in headings for cell, row in rows(heading).items() if "::test_" not in row] == []


def test_every_failure_is_told_with_a_test_that_is_about_it() -> None:
    told = rows("Ways in which shops were seen to lose money")
    assert list(told) == [f"W{number}" for number in FAILURES]
    for cell, row in told.items():
        ((path, name),) = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert int(cell[1:]) in numbers(docstring(path, name)), cell
