"""Where a proxy says the site stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import get_script_prefix, set_script_prefix

from foundation.prefix import prefixed


def stands_at(**environment: str) -> str:
    seen: dict[str, Any] = {}

    def application(given: dict[str, Any], _start: object) -> Iterable[bytes]:
        seen.update(given)
        return [b""]

    prefixed(application)({"SCRIPT_NAME": "", **environment}, lambda *_: None)
    assert "HTTP_X_FORWARDED_PREFIX" not in seen
    return str(seen["SCRIPT_NAME"])


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ("/keyosk", "/keyosk"),
        ("/a/b-c.d~e/", "/a/b-c.d~e"),
        ("", ""),
        ("/", ""),
        ("keyosk", ""),
        ("//evil.example", ""),
        ("/a/../b", ""),
        ("/a?b", ""),
        ("/a b", ""),
        ("/" + "x" * 300, ""),
    ],
)
def test_a_plain_path_is_believed(told: str, stands: str) -> None:
    assert stands_at(HTTP_X_FORWARDED_PREFIX=told) == stands


def test_static_files_follow_the_request() -> None:
    before = get_script_prefix()
    try:
        set_script_prefix("/keyosk/")
        assert staticfiles_storage.url("css/app.css") == "/keyosk/static/css/app.css"
        set_script_prefix("/")
        assert staticfiles_storage.url("css/app.css") == "/static/css/app.css"
    finally:
        set_script_prefix(before)
