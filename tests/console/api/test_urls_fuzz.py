"""Schemathesis fires at every operation of the API, as the platform's owner: no 500, no answer that the schema does not know."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings

from accounts import access_tokens, keys
from accounts.models import Membership
from config.wsgi import application
from console.api import base
from console.api.reference import Operation, operations

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
HOST = "platform.test"


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's transaction open over many requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api(one_connection: None, platform_admin: Membership, end_user: Membership, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The schema, with a token that may do everything and some rows to find."""
    monkeypatch.setattr(base.TokenThrottle, "rate", "1000000/min")
    keys.issue(membership=end_user, name="somebody's")
    secret = access_tokens.issue(membership=platform_admin, name="fuzz", scopes=access_tokens.SCOPES).secret
    return _schema(), {"Authorization": f"Bearer {secret}"}


@functools.cache
def _schema() -> Any:
    """Ask for the schema once a process: writing and reading it takes longer than the calls of an operation."""
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application, base_url=f"http://{HOST}/", headers={"Host": HOST})
    schema.config.update(headers={"Host": HOST})
    return schema


@pytest.mark.parametrize("operation", operations(), ids=lambda one: f"{one.method} {one.path}")
def test_the_schema_is_kept(api: Any, operation: Operation) -> None:
    schema, headers = api

    @given(case=schema[operation.path][operation.method].as_strategy())
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def fire(case: Any) -> None:
        case.call_and_validate(headers=headers)

    fire()
