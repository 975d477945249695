"""Our pages run under a strict content security policy: no inline script, no inline style, no evaluated htmx."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house import code

# The admin theme has a policy of its own; mail programs know only inline style.
OUTSIDE = {"admin", "unfold", "emails", "email"}
FORBIDDEN = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>", re.IGNORECASE),
    "inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on\b"),
    "evaluated htmx value": re.compile(r"hx-(vals|headers)\s*=\s*[\"'](js|javascript):"),
    "evaluated htmx filter": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\["),
    "another host": re.compile(r"<(script|link|img)\b[^>]*\b(src|href)\s*=\s*[\"'](https?:)?//", re.IGNORECASE),
}


def faults(template: str) -> list[str]:
    """Return what in a template the policy would block."""
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(template)]


def pages() -> list[Path]:
    folders = [code.ROOT / "templates", *(code.ROOT / room / "templates" for room in code.ROOMS)]
    found = [path.relative_to(code.ROOT) for folder in folders for path in sorted(folder.rglob("*.html"))]
    return [path for path in found if not OUTSIDE & set(path.parts)]


def test_pages_are_free_of_inline_code() -> None:
    assert {str(path): found for path in pages() if (found := faults(code.text(path)))} == {}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<script>alert(1)</script>", ["inline script"]),
        ('<script src="/static/a.js" defer></script>', []),
        ('<script type="application/json">{}</script>', []),
        ('<script type="application/ld+json">{}</script>', []),
        ('<p style="color: red">', ["style attribute"]),
        ('<a onclick="x()">', ["event attribute"]),
        ('<a hx-on:click="x()">', ["hx-on"]),
        ('<a hx-trigger="click[ctrlKey]">', ["evaluated htmx filter"]),
        ('<script src="https://cdn.example/a.js"></script>', ["another host"]),
    ],
)
def test_inline_code_is_seen(template: str, expected: list[str]) -> None:
    assert faults(template) == expected
