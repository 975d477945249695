"""Whose box an address leads to."""

from __future__ import annotations

import pytest

from foundation import mailboxes


@pytest.mark.parametrize(
    ("email", "box"),
    [
        ("Owner+shop@Mail.test ", "owner@mail.test"),
        ("j.o.e+x@gmail.com", "joe@gmail.com"),
        ("j.o.e@mail.test", "j.o.e@mail.test"),
        ("+only@mail.test", "+only@mail.test"),
    ],
)
def test_a_mailbox_is_the_same_however_it_is_spelled(email: str, box: str) -> None:
    assert mailboxes.canonical(email) == box
