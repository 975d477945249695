"""The names by which clients ask for small models."""

from __future__ import annotations

import pytest

from channels_app import utility_names


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gemini-pro", "deepseek-chat", "claude-haiku-4-5-20251001", "gpt-5.1-codex-mini"])
def test_what_clients_ask_for_by_themselves_is_known(name: str) -> None:
    assert utility_names.covers(name)


@pytest.mark.parametrize("name", ["gpt-4o", "claude-opus-4-8", "gpt-4o-mini-2024", "gpt-5-codex", ""])
def test_what_people_choose_is_not(name: str) -> None:
    assert not utility_names.covers(name)
