"""Ready-made settings for a new sub-key: what to paste where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from gateway import urls


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


def _fields(**values: str) -> str:
    width = max(map(len, values)) + 1
    return "\n".join(f"{name.replace('_', ' ') + ':':<{width}} {value}" for name, value in values.items())


def _claude_code(base_url: str, secret: str, model: str) -> str:
    return f'export ANTHROPIC_BASE_URL="{base_url}"\nexport ANTHROPIC_AUTH_TOKEN="{secret}"\nexport ANTHROPIC_MODEL="{model}"\nclaude'


def _codex(base_url: str, model: str) -> str:
    return (
        f'model = "{model}"\nmodel_provider = "keyosk"\n\n[model_providers.keyosk]\nname = "Keyosk"\n'
        f'base_url = "{base_url}/v1"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"'
    )


def ready(*, base_url: str, secret: str, model: str) -> tuple[Snippet, ...]:
    """Fill in every block for one key; `base_url` is without `/v1`. Clients of a protocol that is not served are left out."""
    found = [
        Snippet("snippet-curl", "curl", _curl(base_url, secret, model)),
        Snippet("snippet-python", "Python · openai", _python(base_url, secret, model)),
        Snippet("snippet-env", "OPENAI_BASE_URL · OPENAI_API_KEY", _environment(base_url, secret)),
        Snippet("snippet-nextchat", "NextChat · https://<your NextChat>…", nextchat_fragment(base_url, secret)),
        Snippet(
            "snippet-sillytavern",
            "SillyTavern · Chat Completion · Custom (OpenAI-compatible)",
            _fields(Custom_Endpoint=f"{base_url}/v1", Custom_API_Key=secret, Model=model),
        ),
        Snippet("snippet-openwebui", "Open WebUI · Settings · Connections · OpenAI API", _fields(URL=f"{base_url}/v1", Key=secret)),
        Snippet("snippet-cherry", "Cherry Studio · Model Provider · OpenAI", _fields(API_Host=base_url, API_Key=secret, Model=model)),
    ]
    if urls.resolve("/v1/messages") is not None:
        found.append(Snippet("snippet-claude", "Claude Code", _claude_code(base_url, secret, model)))
    if urls.resolve("/v1/responses") is not None:
        found.append(Snippet("snippet-codex", "Codex · ~/.codex/config.toml", _codex(base_url, model)))
    return tuple(found)
