"""The shared cache: Redis' while it answers, each process' own while it does not."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache, caches

from foundation import silence
from foundation.cache import SharedCache
from tests.doubles.silent import SilentServer

QUICK = {"OPTIONS": {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}}


@pytest.fixture
def orphan() -> Generator[SharedCache, None, None]:
    """A cache whose Redis says nothing."""
    with tempfile.TemporaryDirectory() as folder, SilentServer(Path(folder)) as silent:
        yield SharedCache(silent.url, QUICK)


def test_every_page_uses_it() -> None:
    assert isinstance(caches["default"], SharedCache)


@pytest.mark.redis
def test_what_one_process_keeps_all_find() -> None:
    name = uuid.uuid4().hex
    cache.set(name, {"seen": 1}, 60)
    assert SharedCache(settings.REDIS_URL, QUICK).get(name) == {"seen": 1}


def test_a_silent_redis_costs_one_wait_and_no_error(orphan: SharedCache) -> None:
    began = time.monotonic()
    assert orphan.get("a", "nothing") == "nothing"
    for turn in range(50):
        orphan.set("a", turn, 60)
    assert orphan.get("a") == 49
    assert time.monotonic() - began < 1.0


def test_a_process_counts_by_itself_meanwhile(orphan: SharedCache) -> None:
    assert orphan.add("tries", 0, 60)
    assert not orphan.add("tries", 7, 60)
    assert [orphan.incr("tries") for _ in range(3)] == [1, 2, 3]
    assert orphan.has_key("tries")
    assert orphan.delete("tries")
    assert orphan.get("tries") is None


def test_every_verb_has_its_place_in_both(orphan: SharedCache) -> None:
    assert orphan.set_many({"a": 1, "b": 2}, 60) == []
    assert orphan.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert orphan.touch("a", 30)
    orphan.delete_many(["a"])
    assert orphan.get_or_set("a", 5) == 5
    orphan.clear()
    assert orphan.get_many(["a", "b"]) == {}


def test_redis_is_asked_again_after_a_rest(orphan: SharedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan.set("a", 1, 60)
    monkeypatch.setitem(silence._silent_until, orphan._name, 0.0)
    began = time.monotonic()
    assert orphan.get("a") == 1
    assert time.monotonic() - began >= 0.1
