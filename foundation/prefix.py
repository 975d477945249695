"""Serve the pages below a path of another site: a proxy takes the path off and says it in X-Forwarded-Prefix.

Cookies keep to that path as well: what else stands on the host must not get them. The header may be believed here, since only our
own relay and proxy reach the pages: the relay passes it on from trusted ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.urls import get_script_prefix

_HEADER = "HTTP_X_FORWARDED_PREFIX"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_LONGEST = 200
_WHOLE_HOST = re.compile(r"; *path=/(?=;|$)", re.IGNORECASE)

Environment = dict[str, Any]


def prefixed(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Wrap a WSGI application so that it knows where it stands; a header that is no plain path counts as none."""

    def apply(environment: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        told = environment.pop(_HEADER, "").rstrip("/")
        if told and len(told) <= _LONGEST and _PREFIX.fullmatch(told) and "/.." not in told:
            environment["SCRIPT_NAME"] = told
            environment["HTTP_COOKIE"] = _nearest(environment.get("HTTP_COOKIE", ""))
            return application(environment, _keeping_cookies(start_response, told))
        return application(environment, start_response)

    return apply


def _nearest(cookies: str) -> str:
    """Keep of several cookies of a name the first, which is the one of the longest path (RFC 6265, 5.4); Django would take the last."""
    found: dict[str, str] = {}
    for cookie in cookies.split(";"):
        found.setdefault(cookie.partition("=")[0].strip(), cookie.strip())
    return "; ".join(filter(None, found.values()))


def _keeping_cookies(start_response: Callable[..., Any], path: str) -> Callable[..., Any]:
    """Return a `start_response` that sends cookies of the whole host for the path alone."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        kept = [(name, _WHOLE_HOST.sub(f"; Path={path}", value) if name.lower() == "set-cookie" else value) for name, value in headers]
        return start_response(status, kept, *more)

    return start


class StaticStorage(StaticFilesStorage):
    """Static files by the request's own prefix; Django would keep the first request's for good."""

    def url(self, name: str | None) -> str:
        return get_script_prefix().rstrip("/") + str(super().url(name))
