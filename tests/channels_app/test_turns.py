"""Conversations made fit: in turn, from the user to the user, never empty."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import turns
from channels_app.turns import Turn


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("u", "u"),
        ("uu", "u"),
        ("au", "uau"),
        ("ua", "uau"),
        ("uaau", "uau"),
        ("", "u"),
        ("s", "u"),
        ("uat", "uau"),
    ],
)
def test_roles_come_in_turn(roles: str, expected: str) -> None:
    names = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    made = turns.in_turn([{"role": names[role], "content": "x"} for role in roles])
    assert "".join(turn.role[0] for turn in made) == expected
    assert all(turn.text for turn in made)


def test_nobody_says_nothing() -> None:
    assert turns.in_turn([{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"}]) == [
        Turn("user", "a\nb")
    ]


def test_the_opening_is_agreed_to() -> None:
    made = turns.in_turn([{"role": "user", "content": "a"}], opening="Be brief.")
    assert made == [Turn("user", "Be brief."), Turn("assistant", "Okay"), Turn("user", "a")]


@pytest.mark.parametrize(
    ("content", "text"),
    [("a", "a"), (None, ""), ([{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}], "a\nb"), (7, "")],
)
def test_the_text_of_a_content(content: object, text: str) -> None:
    assert turns.text_of(content) == text


def test_media_are_what_is_no_text() -> None:
    parts: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]
    assert not turns.has_media(parts)
    parts[0]["content"].append({"type": "image_url", "image_url": {"url": "u"}})
    assert turns.has_media(parts)
