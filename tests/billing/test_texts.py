"""Markdown of shops becomes HTML that does nothing but show."""

from __future__ import annotations

import pytest

from billing import texts


def test_markdown_becomes_html_below_the_pages_own_heading() -> None:
    html = texts.as_html("# Head\n\n**bold** and [a link](https://example.com)\nsecond line\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<h2>Head</h2>" in html
    assert "<strong>bold</strong>" in html
    assert '<a href="https://example.com" rel="nofollow noopener noreferrer">a link</a><br>' in html.replace("\n", "")
    assert "<td>1</td>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![pixel](https://tracker.example/p.png)",
        '<a href="https://x" style="position:fixed">x</a>',
        "<iframe src=https://x></iframe>",
    ],
)
def test_nothing_runs_and_nothing_is_loaded(text: str) -> None:
    """W19: texts of shops run nothing in other people's browsers."""
    html = texts.as_html(text)
    for bad in ("<script", "<img", "<iframe", '<a href="javascript', '<a href="data', '<a href="https://x" style'):
        assert bad not in html


def test_a_summary_is_plain_one_line_and_short() -> None:
    assert texts.as_plain("# Head\n\nfirst **line**\n\n- a & b") == "Head first line a & b"
    assert texts.as_plain("word " * 100, most=20) == "word word word word…"
