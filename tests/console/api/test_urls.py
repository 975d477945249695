"""The API's schema is complete, and what it promises is kept under fire."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts import access_tokens
from accounts.models import Tenant
from console.api.reference import operations

pytestmark = pytest.mark.django_db


def test_the_schema_has_no_gaps(capfd: pytest.CaptureFixture[str]) -> None:
    generator: Any = SchemaGenerator
    schema = generator(urlconf="console.api.urls").get_schema(request=None, public=True)
    told = capfd.readouterr().err
    assert "Warning" not in told, told
    assert "Error" not in told, told
    for path, methods in schema["paths"].items():
        if path.startswith("/api/v1/"):
            for method, operation in methods.items():
                assert operation["security"] == [{"accessToken": []}], (method, path)
                assert {"401", "403", "404", "429"} <= set(operation["responses"])


def test_the_guide_names_every_scope_and_no_other() -> None:
    guide = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+):([a-z]+|\*)`", guide))
    for scope in access_tokens.SCOPES:
        subject, _, verb = scope.partition(":")
        ways = {(subject, verb), (subject, "*")} if verb in {"read", "write"} else {(subject, verb)}
        assert ways & named, scope
    assert {subject for subject, _ in named} == {scope.partition(":")[0] for scope in access_tokens.SCOPES}


def test_every_address_of_the_guide_is_there() -> None:
    guide = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    told = {f"/api/v1/{path}" for path in re.findall(r"\$KEYOSK/([a-z/-]+)", guide)}
    known = {one.path.partition("{")[0] for one in operations()} | {one.path for one in operations()}
    assert len(told) > 5
    assert told <= known, told - known


def test_the_documentation_names_every_operation(client: Client, tenant: Tenant) -> None:
    page = client.get("/api/docs/", headers={"host": "shop.test"}).content.decode()
    assert len(operations()) > 20
    for one in operations():
        assert one.path in page
    assert client.get("/api/schema/", headers={"host": "shop.test"}).json()["openapi"].startswith("3.")
