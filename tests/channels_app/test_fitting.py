"""A request that needs no change keeps its bytes."""

from __future__ import annotations

import orjson
import pytest

from channels_app.contract import Encoded
from channels_app.fitting import classic, fit, messages_changed, rewritten, thoughtful

MADE = Encoded("/chat", b'{ "a" : 1, "b" : 2 }')


def test_bytes_stay_where_nothing_changes() -> None:
    assert rewritten(MADE, {}) is MADE
    assert rewritten(MADE, {}, without=("c",)) is MADE


def test_fields_change_and_go() -> None:
    assert orjson.loads(rewritten(MADE, {"a": 3}, without=("b", "c")).body) == {"a": 3}


def test_messages_are_named_only_where_one_differs() -> None:
    given = [{"role": "user", "content": "a"}]
    assert messages_changed(given, lambda message: message) == {}
    assert messages_changed(given, lambda message: {**message, "name": "n"}) == {
        "messages": [{"role": "user", "content": "a", "name": "n"}]
    }


def test_classic_words_for_vendors_that_know_no_others() -> None:
    """Gotcha 25: developer is system, where nobody knows the word."""
    made = classic(Encoded("/chat", b'{"messages":[{"role":"developer","content":"a"}],"max_completion_tokens":5}'))
    assert orjson.loads(made.body) == {"messages": [{"role": "system", "content": "a"}], "max_tokens": 5}


@pytest.mark.parametrize(
    ("said", "effort", "expected"),
    [
        (b'{"max_tokens":5,"temperature":0.3,"top_p":1,"stop":["a"]}', None, {"max_completion_tokens": 5, "stop": ["a"]}),
        (b'{"max_tokens":5,"max_completion_tokens":6}', None, {"max_tokens": 5, "max_completion_tokens": 6}),
        (b'{"max_tokens":5,"temperature":0.3}', "none", {"max_completion_tokens": 5, "temperature": 0.3}),
    ],
)
def test_models_that_reason_get_their_own_words(said: bytes, effort: object, expected: dict[str, object]) -> None:
    """Gotcha 24: they refuse max_tokens and a temperature."""
    assert orjson.loads(thoughtful(Encoded("/chat/completions", said), effort=effort).body) == expected
    assert thoughtful(MADE, effort=effort) is MADE


def test_a_member_of_messages_may_be_left_out() -> None:
    """Gotcha 25: some refuse `name` on messages."""
    said = b'{"name":"n","messages":[{"role":"user","name":"ann","content":"a"},"odd"]}'
    made = fit(Encoded("/chat", said), drops=("messages.name",))
    assert orjson.loads(made.body) == {"name": "n", "messages": [{"role": "user", "content": "a"}, "odd"]}
    assert fit(MADE, drops=("messages.name",)) is MADE
