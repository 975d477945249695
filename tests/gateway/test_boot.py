"""What a relay has made ready before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from channels_app import tokenizer
from foundation import huge_pages
from tests.gateway.live import LiveRelay


@pytest.mark.usefixtures("transactional_db")
def test_a_relay_that_serves_does_not_stop_to_load_what_it_counts_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tokenizer._loaded.cache_clear()
    with LiveRelay():
        monkeypatch.setattr(tokenizer, "_FOLDER", tmp_path)

        assert tokenizer.count("Hello world", model="gpt-4o") == 2


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("is_wanted", [True, False])
def test_memory_is_gathered_before_a_relay_serves_unless_that_is_switched_off(
    settings: Settings, caplog: pytest.LogCaptureFixture, *, is_wanted: bool
) -> None:
    settings.HUGE_PAGES = is_wanted
    caplog.set_level("INFO", "keyosk.relay")
    with LiveRelay():
        pass
    told = [record.__dict__["huge_bytes"] for record in caplog.records if record.message == "memory gathered"]

    assert len(told) == is_wanted
    assert all(size % huge_pages.SIZE == 0 for size in told)
