"""Programs that call the management API with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import access_tokens
from accounts.models import Membership

Program = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def program(member: Membership, *, scopes: tuple[str, ...] = access_tokens.SCOPES, host: str = "shop.test") -> Program:
    """Return a function that calls the API as this member: (method, path, body) → status and JSON."""
    secret = access_tokens.issue(membership=member, name="test", scopes=scopes).secret
    client = Client(HTTP_HOST=host)

    def call(method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        told = {"authorization": f"Bearer {secret}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = b"" if body is None else json.dumps(body).encode()
        answer = client.generic(method, f"/api/v1/{path}", data, content_type="application/json", headers=told)
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return call
