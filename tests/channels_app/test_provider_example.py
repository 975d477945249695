"""The vendor of docs/adding-a-provider.md works as it stands there, in the size that is promised."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from channels_app import registry
from tests.channels_app import test_providers_golden as golden_tests
from tests.channels_app.golden import Case

PAGE = Path(__file__).parents[2] / "docs/adding-a-provider.md"
PYTHON, PAIRS = re.findall(r"```(?:python|json)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CHECKS = {
    "requests": golden_tests.test_a_call_becomes_this_request,
    "streams": golden_tests.test_a_stream_says_this_however_it_is_cut,
    "failures": golden_tests.test_an_error_means_this,
}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the example a vendor like the others, for one test."""
    module = ModuleType("channels_app.providers.acme")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(PYTHON, "acme.py", "exec"), module.__dict__)  # noqa: S102  # the example itself
    known = MappingProxyType({**registry.providers(), "acme": registry.load(module)})
    monkeypatch.setattr(registry, "providers", lambda: known)


def test_the_file_is_short() -> None:
    assert len(PYTHON.splitlines()) <= 40


@pytest.mark.usefixtures("acme")
def test_its_pairs_hold() -> None:
    book: dict[str, list[dict[str, Any]]] = json.loads(PAIRS)
    assert set(book) == set(CHECKS)
    for part, values in book.items():
        for one in values:
            CHECKS[part](Case("acme", part, one))
