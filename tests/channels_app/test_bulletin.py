"""What processes tell each other about circuits: read back as it was said, never believed blindly."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from channels_app import bulletin
from channels_app.bulletin import Item

ITEMS = [Item(1, "m", 10, 1.5, "upstream"), Item(2, "", 0, 0.0)]


def test_a_message_is_read_by_everybody_but_its_sender() -> None:
    message = bulletin.pack(ITEMS, sender="a")
    assert list(bulletin.unpack(message, reader="b")) == ITEMS
    assert list(bulletin.unpack(message, reader="a")) == []


@pytest.mark.parametrize("message", [b"", b"{", b"[]", b'{"from": "a"}', b'{"from": "a", "circuits": [[1, "m"]]}', b"null"])
def test_what_cannot_be_read_says_nothing(message: bytes) -> None:
    assert list(bulletin.unpack(message, reader="b")) == []


def test_nobody_can_close_a_channel_for_days() -> None:
    assert next(bulletin.unpack(bulletin.pack([Item(1, "m", 1, 1e9)], sender="a"), reader="b")).seconds == 3600


@pytest.mark.redis
def test_an_answered_check_is_told_to_all_relays() -> None:
    with redis.Redis.from_url(settings.REDIS_URL).pubsub() as listener:  # type: ignore[no-untyped-call]  # redis types it so
        listener.subscribe(bulletin.CHANNEL)
        assert (listener.get_message(timeout=5) or {})["type"] == "subscribe"
        bulletin.key_answers(channel_id=3, key_id=30)
        heard = listener.get_message(timeout=5) or {}
    assert list(bulletin.unpack(heard["data"], reader="me")) == [Item(3, bulletin.EVERY_MODEL, 30, 0.0)]


def test_without_redis_an_answered_check_is_no_error(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    bulletin.key_answers(channel_id=3, key_id=30)
