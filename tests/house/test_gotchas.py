"""Every way in which vendors were seen to surprise a relay, by its number, is named by a test: `Gotcha 7: …` in its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house import code

NUMBERS = frozenset(range(1, 45))
_NAMED = re.compile(r"\bGotchas? ((?:\d+(?:, | and )?)+):")


def numbers(docstring: str) -> set[int]:
    """Return the numbers a docstring names: `Gotcha 7: …`, `Gotchas 7, 9 and 10: …`."""
    return {int(number) for found in _NAMED.findall(docstring) for number in re.findall(r"\d+", found)}


def named() -> Iterator[int]:
    for path in sorted((code.ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                yield from numbers(ast.get_docstring(node) or "")


def test_each_number_is_named_by_a_test() -> None:
    assert set(named()) == NUMBERS


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Gotcha 7: cut off is no stop.", {7}),
        ("Said so. Gotchas 7, 9 and 10: three.", {7, 9, 10}),
        ("Gotcha: none.", set()),
        ("7 gotchas: many.", set()),
    ],
)
def test_numbers_are_read_in_one_form(docstring: str, expected: set[int]) -> None:
    assert numbers(docstring) == expected
