"""Serve the pages below a path of another site: a proxy takes the path off and says it in X-Forwarded-Prefix.

The header may be believed here, since only our own relay and proxy reach the pages: the relay passes it on from trusted ones alone.
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

Environment = dict[str, Any]


def prefixed(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Wrap a WSGI application so that it knows where it stands; a header that is no plain path counts as none."""

    def apply(environment: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        told = environment.pop(_HEADER, "").rstrip("/")
        if told and len(told) <= _LONGEST and _PREFIX.fullmatch(told) and "/.." not in told:
            environment["SCRIPT_NAME"] = told
        return application(environment, start_response)

    return apply


class StaticStorage(StaticFilesStorage):
    """Static files by the request's own prefix; Django would keep the first request's for good."""

    def url(self, name: str | None) -> str:
        return get_script_prefix().rstrip("/") + str(super().url(name))
