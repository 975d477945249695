"""The system check of the vendor files."""

from __future__ import annotations

from types import ModuleType

import pytest

from channels_app import registry
from channels_app.checks import check_providers


def test_the_vendors_that_ship_are_in_order() -> None:
    assert check_providers() == []


def test_a_bad_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "provider_modules", lambda: [ModuleType("channels_app.providers.empty")])
    assert [(found.id, found.msg) for found in check_providers()] == [
        ("channels_app.E001", "channels_app.providers.empty holds 0 providers instead of one")
    ]
