"""The API's documentation page, written from its schema: no foreign script, no build step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts import access_tokens
from console.pages.context import base_url


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the page."""

    method: str
    path: str
    summary: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters and body."""
    context = {
        "operations": operations(),
        "scopes": access_tokens.SCOPES,
        "api_url": f"{base_url(request)}/api/v1",
        "schema": reverse("api_schema"),
    }
    return render(request, "console/api.html", context)


def operations() -> list[Operation]:
    """Read the operations out of the schema."""
    generator: Any = SchemaGenerator
    schema = generator(urlconf="console.api.urls").get_schema(request=None, public=True)
    parts = schema["components"]["schemas"]
    found = []
    for path, methods in sorted(schema["paths"].items()):
        if not path.startswith("/api/v1/"):
            continue
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            fields = parts.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
            names = tuple(one["name"] for one in told.get("parameters", ()) if one["in"] == "query")
            found.append(Operation(method.upper(), path, told["operationId"].replace("_", " "), names, tuple(fields)))
    return found
