"""Every way in which shops were seen to lose money or goods, by its number, is named by a test: `W7: …` in its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house import code

FAILURES = {
    1: "a message signed with an empty secret, of one gateway, pays orders of another",
    2: "our errors are answered as done; the payment's row comes after its message; `completed` is taken for money",
    3: "`success` is answered before the work is done, under a lock of one process",
    4: "state and merchant of an epay message are not looked at; amounts are floats, signatures compared loosely",
    5: "every change of a USDT invoice delivers",
    6: "a signed message is repeated at the address of another order",
    7: "an amount that is a list, a key that is empty",
    8: "no amount passes for the right one; two messages at once both find the order unpaid",
    9: "coming back with anybody's payment pays the order",
    10: "a buyer's visit completes the order, and amounts found by asking are not compared",
    11: "a repeated message delivers again; more is sold than there is",
    12: "a coupon is counted below nothing, and used up by orders nobody pays",
    13: "the expiry overwrites an order that was just paid",
    14: "unpaid orders keep the shelf empty, or the shelf is oversold",
    15: "late money is refused, and staff cannot finish its order",
    16: "several people redeem one code at once",
    17: "who knows or guesses an order's number reads it; numbers tell the sales",
    18: "one shop's or gateway's account changes another's order",
    19: "a buyer's name runs in the back office; words become SQL; a password everybody knows",
    20: "a fee, a -1 or another unit ends in the wallet",
    21: "money held for a call that died never comes back; balances fall below nothing",
    22: "a buyer types 55 instead of 50: no goods and no way back",
}
_NAMED = re.compile(r"\b((?:W\d+(?:, | and )?)+):")


def numbers(docstring: str) -> set[int]:
    """Return the numbers a docstring names: `W7: …`, `W7, W9 and W10: …`."""
    return {int(number) for found in _NAMED.findall(docstring) for number in re.findall(r"W(\d+)", found)}


def named() -> Iterator[int]:
    for path in sorted((code.ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                yield from numbers(ast.get_docstring(node) or "")


def test_each_failure_is_named_by_a_test() -> None:
    assert set(named()) == FAILURES.keys()


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("W7: an empty key signs nothing.", {7}),
        ("Said so. W7, W9 and W10: three.", {7, 9, 10}),
        ("W: none.", set()),
        ("As W7 says.", set()),
    ],
)
def test_numbers_are_read_in_one_form(docstring: str, expected: set[int]) -> None:
    assert numbers(docstring) == expected
