"""What is pasted works as it stands."""

from __future__ import annotations

import json
import shlex
import tomllib
from urllib.parse import unquote

import pytest
import yaml

from console.pages import snippets

MODELS = ("demo-chat", "claude@sonnet")
READY = {
    block.id: block.text
    for block in snippets.ready(base_url="https://shop.example/one", secret="sk-secret", model="demo-chat", models=MODELS)
}


def test_curl_is_one_shell_command_with_a_json_body() -> None:
    words = shlex.split(READY["snippet-curl"].replace("\\\n", ""))
    assert words[:3] == ["curl", "-N", "https://shop.example/one/v1/chat/completions"]
    assert "Authorization: Bearer sk-secret" in words
    assert json.loads(words[-1])["model"] == "demo-chat"


@pytest.mark.parametrize("block", ["python", "anthropic", "genai", "langchain"])
def test_the_python_blocks_compile(block: str) -> None:
    compile(READY[f"snippet-{block}"], "snippet", "exec")
    assert "https://shop.example/one" in READY[f"snippet-{block}"]
    assert "sk-secret" in READY[f"snippet-{block}"]


def test_the_python_block_names_address_and_key() -> None:
    assert 'base_url="https://shop.example/one/v1", api_key="sk-secret"' in READY["snippet-python"]


def test_nextchat_reads_key_and_address_from_its_settings() -> None:
    settings = READY["snippet-nextchat"].removeprefix("/#/?settings=")
    assert json.loads(unquote(settings)) == {"key": "sk-secret", "url": "https://shop.example/one"}


def environment(block: str) -> dict[str, str]:
    """Read lines of NAME=value, as Docker does."""
    return dict(line.split("=", 1) for line in READY[block].splitlines())


def offered(custom_models: str) -> dict[str, str]:
    """Read CUSTOM_MODELS as NextChat does: -all clears, +name@Provider adds; the provider stands behind the last @."""
    found: dict[str, str] = {"gpt-4o": "OpenAI"}
    for entry in custom_models.split(","):
        sign, name = entry[0], entry[1:]
        if name == "all":
            found = {} if sign == "-" else found
            continue
        model, _, provider = name.rpartition("@")
        found[model] = provider
    return found


def test_nextchats_server_offers_just_these_models_by_a_provider_it_knows() -> None:
    settings = environment("snippet-nextchat-server")
    assert settings["BASE_URL"] == "https://shop.example/one"
    assert offered(settings["CUSTOM_MODELS"]) == {"demo-chat": "OpenAI", "claude@sonnet": "OpenAI"}
    assert (settings["DEFAULT_MODEL"], settings["ENABLE_BALANCE_QUERY"]) == ("demo-chat", "1")


def test_lobechats_environment() -> None:
    settings = environment("snippet-lobechat")
    assert (settings["OPENAI_PROXY_URL"], settings["OPENAI_MODEL_LIST"]) == ("https://shop.example/one/v1", "-all,+demo-chat")


def test_continues_file_is_yaml_with_one_model() -> None:
    (model,) = yaml.safe_load(READY["snippet-continue"])["models"]
    assert (model["provider"], model["apiBase"], model["apiKey"]) == ("openai", "https://shop.example/one/v1", "sk-secret")


def test_codex_reads_its_file() -> None:
    settings = tomllib.loads(READY["snippet-codex"])
    provider = settings["model_providers"][settings["model_provider"]]
    assert (provider["base_url"], provider["wire_api"], settings["model"]) == ("https://shop.example/one/v1", "responses", "demo-chat")
