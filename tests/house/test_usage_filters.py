"""Usage is filtered by time only through `between()`: a filter on created_at reads every month's partition."""

from __future__ import annotations

import ast

from tests.house import code

FILTERS = {"filter", "exclude", "get", "aggregate"}


def time_filters(source: str) -> list[int]:
    """Return the lines on which UsageRecord is narrowed by created_at."""
    lines: list[int] = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FILTERS):
            continue
        by_time = any((keyword.arg or "").split("__")[0] == "created_at" for keyword in node.keywords)
        if by_time and "UsageRecord" in (ast.get_source_segment(source, node.func) or ""):
            lines.append(node.lineno)
    return lines


def test_usage_is_filtered_by_time_through_between() -> None:
    assert {str(path): lines for path in code.room_files() if (lines := time_filters(code.text(path)))} == {}


def test_a_filter_by_created_at_is_seen() -> None:
    assert time_filters("rows = UsageRecord.objects.filter(tenant=1).filter(created_at__gte=now)") == [1]
    assert time_filters("rows = Order.objects.filter(created_at__gte=now)") == []
