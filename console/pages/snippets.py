"""Ready-made settings for a new sub-key: what to paste where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Snippet:
    """A block to copy; `id` is its name on the page."""

    id: str
    title: str
    text: str


def _curl(base_url: str, secret: str, model: str) -> str:
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]})
    return (
        f"curl -N {base_url}/v1/chat/completions \\\n"
        f'  -H "Authorization: Bearer {secret}" \\\n'
        f'  -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )


def _python(base_url: str, secret: str, model: str) -> str:
    return (
        "from openai import OpenAI\n\n"
        f'client = OpenAI(base_url="{base_url}/v1", api_key="{secret}")\n'
        "stream = client.chat.completions.create(\n"
        f'    model="{model}", stream=True,\n'
        '    messages=[{"role": "user", "content": "Hello"}],\n'
        ")\n"
        "for chunk in stream:\n"
        "    if chunk.choices:\n"
        '        print(chunk.choices[0].delta.content or "", end="")'
    )


def _environment(base_url: str, secret: str) -> str:
    return f'export OPENAI_BASE_URL="{base_url}/v1"\nexport OPENAI_API_KEY="{secret}"'


def nextchat_fragment(base_url: str, secret: str) -> str:
    """Give what follows a NextChat address to fill in its settings."""
    return "/#/?settings=" + quote(json.dumps({"key": secret, "url": base_url}, separators=(",", ":")))


def ready(*, base_url: str, secret: str, model: str) -> tuple[Snippet, ...]:
    """Fill in every block for one key; `base_url` is without `/v1`."""
    return (
        Snippet("snippet-curl", "curl", _curl(base_url, secret, model)),
        Snippet("snippet-python", "Python · openai", _python(base_url, secret, model)),
        Snippet("snippet-env", "OPENAI_BASE_URL · OPENAI_API_KEY", _environment(base_url, secret)),
        Snippet("snippet-nextchat", "NextChat · https://<your NextChat>…", nextchat_fragment(base_url, secret)),
    )
