"""What is pasted works as it stands."""

from __future__ import annotations

import json
import shlex
from urllib.parse import unquote

from console.pages import snippets

READY = {block.id: block.text for block in snippets.ready(base_url="https://shop.example/one", secret="sk-secret", model="demo-chat")}


def test_curl_is_one_shell_command_with_a_json_body() -> None:
    words = shlex.split(READY["snippet-curl"].replace("\\\n", ""))
    assert words[:3] == ["curl", "-N", "https://shop.example/one/v1/chat/completions"]
    assert "Authorization: Bearer sk-secret" in words
    assert json.loads(words[-1])["model"] == "demo-chat"


def test_the_python_block_compiles() -> None:
    compile(READY["snippet-python"], "snippet", "exec")
    assert 'base_url="https://shop.example/one/v1", api_key="sk-secret"' in READY["snippet-python"]


def test_nextchat_reads_key_and_address_from_its_settings() -> None:
    settings = READY["snippet-nextchat"].removeprefix("/#/?settings=")
    assert json.loads(unquote(settings)) == {"key": "sk-secret", "url": "https://shop.example/one"}
