"""The relay's addresses and their OpenAPI schema."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from gateway import urls
from gateway.views.chat import ChatCompletions, Responses
from gateway.views.contents import EmbedContent
from gateway.views.counts import CountContents
from gateway.views.gemini import GenerateContent
from gateway.views.later import NotYet
from gateway.views.models import ModelDetail, ModelList
from gateway.views.operations import EmbeddingsView, RerankView


@pytest.mark.parametrize(
    ("method", "path", "below"),
    [
        ("POST", "/v1/chat/completions", "/v1/chat/completions"),
        ("POST", "/one-api/v1/chat/completions", "/v1/chat/completions"),
        ("GET", "/one-api/dashboard/billing/usage", "/dashboard/billing/usage"),
        ("GET", "/one-api/console/", None),
        ("GET", "/console/v1/x", None),
        ("GET", "/v1", "/v1"),
        ("GET", "/v12/x", None),
        ("GET", "/api/status", None),
        ("GET", "/", None),
        ("HEAD", "/", "/"),
        ("HEAD", "/one-api", "/"),
        ("GET", "/one-api", None),
        ("POST", "/one-api/v1/v1/messages", "/v1/messages"),
        ("POST", "/v1/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent"),
    ],
)
def test_the_relays_paths_are_told_from_the_pages(method: str, path: str, below: str | None) -> None:
    assert urls.relay_path(("/one-api", "/"))(method, path) == below


def test_a_path_finds_its_view() -> None:
    assert urls.resolve("/v1/chat/completions") == (ChatCompletions, {})
    assert urls.resolve("/v1/models/a/b") == (ModelDetail, {"model": "a/b"})
    assert urls.resolve("/v1/chat") is None


@pytest.mark.parametrize(
    ("address", "view", "arguments"),
    [
        ("/v1/models/a/b:generateContent", GenerateContent, {"model": "a/b", "action": "generateContent"}),
        ("/v1beta/models/g:x:streamGenerateContent", GenerateContent, {"model": "g:x", "action": "streamGenerateContent"}),
        ("/v1/models/llama3:8b", ModelDetail, {"model": "llama3:8b"}),
        ("/v1beta/models/g", ModelDetail, {"model": "g"}),
        ("/v1beta/models", ModelList, {}),
        ("/v1/responses", Responses, {}),
        ("/openai/responses", Responses, {}),
        ("/openai/v1/responses", Responses, {}),
        ("/v1/responses/resp_1", NotYet, {}),
        ("/v1/realtime", NotYet, {}),
        ("/openai/deployments/gpt-35-turbo/chat/completions", ChatCompletions, {"model": "gpt-35-turbo"}),
    ],
)
def test_each_protocol_finds_its_view(address: str, view: type[Any], arguments: dict[str, str]) -> None:
    assert urls.resolve(address) == (view, arguments)


def test_addresses_name_models_in_the_manner_of_azure_and_of_gemini() -> None:
    assert urls.resolve("/openai/deployments/gpt-4.1/embeddings") == (EmbeddingsView, {"model": "gpt-4.1"})
    assert urls.resolve("/openai/deployments/m/chat/completions") == (ChatCompletions, {"model": "m"})
    assert urls.resolve("/openai/v1/rerank") == urls.resolve("/rerank") == (RerankView, {})
    assert urls.resolve("/v1/models/a/b:8b:countTokens") == (CountContents, {"model": "a/b:8b"})
    assert urls.resolve("/v1beta/models/m:embedContent") == (EmbedContent, {"model": "m"})
    assert urls.resolve("/openai/deployments/m/models") is None


def test_every_view_is_in_the_schema_with_its_security(capfd: pytest.CaptureFixture[str]) -> None:
    generator: Any = SchemaGenerator
    schema = generator(patterns=urls.urlpatterns).get_schema(request=None, public=True)

    named = [f"/v1beta/models/{{model}}:{action}" for action in urls.ACTIONS]
    assert sorted(schema["paths"]) == sorted(
        [*urls.EXACT, *named, "/v1/models/{model}", "/v1/models/{model}:{action}", "/v1/receipts/{receipt}"]
    )
    assert schema["components"]["securitySchemes"] == {"subKey": {"type": "http", "scheme": "bearer"}}
    for path in schema["paths"].values():
        for operation in path.values():
            assert operation["security"] == [{"subKey": []}]
    assert "Warning" not in capfd.readouterr().err
