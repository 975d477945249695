"""Conversations are known again by what stays the same in them, and forgotten when they rest."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import Call
from gateway.habits import Habits, conversation

LONG = "x" * 5000


def call(*messages: str, system: str | None = None, model: str = "m", **fields: Any) -> Call:
    said = [{"role": "user", "content": text} for text in messages]
    fields = {"model": model, "messages": said, **fields, **({"system": system} if system else {})}
    return Call("chat", "openai", model, orjson.dumps(fields), fields)


def test_later_turns_are_the_same_conversation() -> None:
    first = conversation(call(LONG, "hello"), key_id=1)
    assert first is not None
    assert first == conversation(call(LONG, "hello", "hi", "and now?", temperature=1), key_id=1)


def test_another_key_model_system_or_beginning_is_another_conversation() -> None:
    names = [
        conversation(call(LONG, "hello"), key_id=1),
        conversation(call(LONG, "hello"), key_id=2),
        conversation(call(LONG, "hello", model="n"), key_id=1),
        conversation(call(LONG, "hello", system="be kind"), key_id=1),
        conversation(call(LONG, "bye"), key_id=1),
    ]
    assert len(set(names)) == 5


def test_a_name_given_by_the_client_counts() -> None:
    one, two = (conversation(call(LONG, text, prompt_cache_key="mine"), key_id=1) for text in ("a", "b"))
    assert one is not None
    assert one == two


def test_short_and_strange_calls_have_no_conversation() -> None:
    assert conversation(call("hello"), key_id=1) is None
    assert conversation(Call("chat", "openai", "m", LONG.encode(), {"messages": "?"}), key_id=1) is None


def test_a_resting_conversation_is_forgotten() -> None:
    habits = Habits()
    habits.keep(b"c", (1, 10), until=100.0)
    assert habits.way(b"c", now=99.0) == (1, 10)
    assert habits.way(b"c", now=100.0) is None
    assert (habits.ways, habits.way(b"d", now=0.0)) == ({}, None)


@pytest.mark.parametrize(("said", "told"), [("contents", "systemInstruction"), ("input", "instructions")])
def test_each_protocol_keeps_its_conversation_in_a_place_of_its_own(said: str, told: str) -> None:
    def named(*turns: str, system: str = "S") -> bytes | None:
        return conversation(Call("chat", "x", "m", LONG.encode(), {said: list(turns), told: system}), key_id=1)

    assert named("a", "b", "c") == named("a", "b") != named("a", "x")
    assert named("a", "b") != named("a", "b", system="T")
