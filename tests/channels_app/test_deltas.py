"""What an answer is made of is counted by the bytes of its words."""

from __future__ import annotations

import pytest

from channels_app.contract import Usage
from channels_app.deltas import Consumed, Delta, Finish, Media, Opaque, Reasoning, Text, ToolArguments, ToolStart, delivered, is_content


@pytest.mark.parametrize(
    ("delta", "size", "content"),
    [
        (Text("Hi"), 2, True),
        (Text("é🙂"), 6, True),
        (Reasoning("hm"), 2, True),
        (ToolStart(0, "call_1", "get"), 3, True),
        (ToolArguments(0, "{}"), 2, True),
        (Opaque("signature", "EqQB"), 0, True),
        (Media("audio/*", "AAAA", extra={"transcript": "Hello"}), 5, True),
        (Media("image/png", "AAAA"), 0, True),
        (Finish("stop"), 0, False),
        (Consumed(Usage()), 0, False),
    ],
)
def test_words_count_and_marks_do_not(delta: Delta, size: int, content: bool) -> None:
    assert (delivered(delta), is_content(delta)) == (size, content)
