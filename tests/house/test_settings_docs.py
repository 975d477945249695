"""Every environment variable that the settings read is in `.env.example` and in `docs/operations.md`, and nothing else is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house import code

READERS = {"text", "flag", "number", "seconds", "names", "secret", "zone"}


def variables(module: ast.Module) -> set[str]:
    """Return the names that `env.<reader>("NAME", …)` reads."""
    found: set[str] = set()
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)):
            continue
        if node.func.value.id == "env" and node.func.attr in READERS and node.args and isinstance(node.args[0], ast.Constant):
            found.add(str(node.args[0].value))
    return found


def read_by_the_code() -> set[str]:
    return set().union(*(variables(code.tree(path)) for path in code.room_files()))


def test_the_reader_finds_names() -> None:
    assert variables(ast.parse('A = env.text("ONE", "")\nB = env.flag("TWO", default=True)\nC = other.text("THREE")')) == {"ONE", "TWO"}


def test_each_variable_is_in_the_example() -> None:
    listed = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", code.text(Path(".env.example")), re.MULTILINE))
    assert listed == read_by_the_code()


def test_each_variable_is_in_the_operations_guide() -> None:
    listed = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", code.text(Path("docs/operations.md")), re.MULTILINE))
    assert listed == read_by_the_code()
