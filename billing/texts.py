"""Texts that shops write in Markdown, as safe HTML: no script, no picture from elsewhere, no way to look like our own page."""

from __future__ import annotations

import html

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s", "strong", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# A page has one h1, and that is the product's name.
_LOWER = {"h1": "h2", "h2": "h3", "h3": "h4", "h5": "h4", "h6": "h4"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def as_html(text: str) -> SafeString:
    """Return Markdown as HTML that may stand in our pages; links lead out without a word about where from."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        token.tag = _LOWER.get(token.tag, token.tag)
    rendered: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    cleaned = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(cleaned)  # noqa: S308  # cleaned just now


def as_plain(text: str, *, most: int = 300) -> str:
    """Return Markdown without its marks, on one line, cut at a word: for cards and descriptions in search results."""
    bare = html.unescape(nh3.clean(as_html(text), tags=set()))
    words = " ".join(bare.split())
    return words if len(words) <= most else f"{words[:most].rsplit(' ', 1)[0]}…"
