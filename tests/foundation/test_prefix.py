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


@pytest.mark.parametrize(
    ("prefix", "kept"),
    [
        ("/keyosk", ["a=1; HttpOnly; Path=/keyosk; SameSite=Lax", "b=2; Path=/keyosk", "c=3; Path=/other", "d=4; Path=/keyosk"]),
        ("", ["a=1; HttpOnly; Path=/; SameSite=Lax", "b=2; path=/", "c=3; Path=/other", "d=4; Path=/"]),
    ],
)
def test_cookies_keep_to_the_path(prefix: str, kept: list[str]) -> None:
    sent = [("Set-Cookie", "a=1; HttpOnly; Path=/; SameSite=Lax"), ("set-cookie", "b=2; path=/"), ("Set-Cookie", "c=3; Path=/other")]
    sent += [("Set-Cookie", "d=4; Path=/"), ("X-Other", "x; Path=/")]
    seen: list[tuple[str, str]] = []

    def application(_: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", sent)
        return [b""]

    prefixed(application)({"HTTP_X_FORWARDED_PREFIX": prefix}, lambda _status, headers: seen.extend(headers))

    assert [value for name, value in seen if name.lower() == "set-cookie"] == kept
    assert ("X-Other", "x; Path=/") in seen


def test_the_cookie_of_the_longest_path_counts() -> None:
    seen: dict[str, Any] = {}

    def application(given: dict[str, Any], _start: object) -> Iterable[bytes]:
        seen.update(given)
        return [b""]

    told = {"HTTP_X_FORWARDED_PREFIX": "/keyosk", "HTTP_COOKIE": "sessionid=ours; csrftoken=c; sessionid=of the whole host"}
    prefixed(application)(told, lambda *_: None)

    assert seen["HTTP_COOKIE"] == "sessionid=ours; csrftoken=c"


def test_static_files_follow_the_request() -> None:
    before = get_script_prefix()
    try:
        set_script_prefix("/keyosk/")
        assert staticfiles_storage.url("css/app.css") == "/keyosk/static/css/app.css"
        set_script_prefix("/")
        assert staticfiles_storage.url("css/app.css") == "/static/css/app.css"
    finally:
        set_script_prefix(before)
