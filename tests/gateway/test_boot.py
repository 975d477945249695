"""What a relay has made ready before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_app import tokenizer
from tests.gateway.live import LiveRelay


@pytest.mark.usefixtures("transactional_db")
def test_a_relay_that_serves_does_not_stop_to_load_what_it_counts_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tokenizer._loaded.cache_clear()
    with LiveRelay():
        monkeypatch.setattr(tokenizer, "_FOLDER", tmp_path)

        assert tokenizer.count("Hello world", model="gpt-4o") == 2
