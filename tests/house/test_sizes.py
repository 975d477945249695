"""Files and functions stay small; the medians are printed so that the trend shows (`-s` or `-rP`)."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.house import code

FILE_LIMIT = 300
MODELS_LIMIT = 400
FUNCTION_LIMIT = 40


def file_limit(path: Path) -> int:
    return MODELS_LIMIT if path.name == "models.py" or "models" in path.parts else FILE_LIMIT


def functions(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each function's name and its number of lines."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_small() -> None:
    lengths = {path: len(code.text(path).splitlines()) for path in code.room_files()}
    print(f"median file: {statistics.median(lengths.values())} lines, largest {max(lengths.values())}")
    assert {str(path): lines for path, lines in lengths.items() if lines > file_limit(path)} == {}


def test_functions_are_small() -> None:
    lengths = {f"{path}:{name}": lines for path in code.room_files() for name, lines in functions(code.tree(path))}
    print(f"median function: {statistics.median(lengths.values())} lines, longest {max(lengths.values())}")
    assert {where: lines for where, lines in lengths.items() if lines > FUNCTION_LIMIT} == {}


def test_every_module_says_its_purpose() -> None:
    silent = [str(path) for path in code.room_files() if code.text(path).strip() and not ast.get_docstring(code.tree(path))]
    assert silent == []


def test_a_long_function_is_seen() -> None:
    module = ast.parse("def long():\n" + "    pass\n" * 41)
    assert list(functions(module)) == [("long", 42)]
