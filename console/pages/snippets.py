"""Ready-made settings for a new sub-key: what to paste where."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


def _nextchat_server(base_url: str, model: str, models: Sequence[str]) -> str:
    """Stock NextChat refuses invented providers; by `+name@OpenAI` it asks for any model. Each person types a key of their own."""
    named = ",".join(f"+{name}@OpenAI" for name in models or (model,))
    return f"BASE_URL={base_url}\nCUSTOM_MODELS=-all,{named}\nDEFAULT_MODEL={model}\nENABLE_BALANCE_QUERY=1"


def _lobechat(base_url: str, secret: str, model: str) -> str:
    return f"OPENAI_PROXY_URL={base_url}/v1\nOPENAI_API_KEY={secret}\nOPENAI_MODEL_LIST=-all,+{model}"


def _continue(base_url: str, secret: str, model: str) -> str:
    return (
        "name: Keyosk\nversion: 0.0.1\nschema: v1\nmodels:\n"
        f"  - name: {model}\n    provider: openai\n    model: {model}\n    apiBase: {base_url}/v1\n    apiKey: {secret}\n"
        "    roles: [chat, edit, apply]"
    )


def _langchain(base_url: str, secret: str, model: str) -> str:
    return (
        "from langchain_openai import ChatOpenAI\n\n"
        f'chat = ChatOpenAI(model="{model}", base_url="{base_url}/v1", api_key="{secret}", stream_usage=True)\n'
        'print(chat.invoke("Hello").content)'
    )


def _anthropic(base_url: str, secret: str, model: str) -> str:
    return (
        "from anthropic import Anthropic\n\n"
        f'client = Anthropic(base_url="{base_url}", api_key="{secret}")\n'
        "answer = client.messages.create(\n"
        f'    model="{model}", max_tokens=1000,\n'
        '    messages=[{"role": "user", "content": "Hello"}],\n'
        ")\n"
        "print(answer.content[0].text)"
    )


def _genai(base_url: str, secret: str, model: str) -> str:
    return (
        "from google import genai\nfrom google.genai import types\n\n"
        f'client = genai.Client(api_key="{secret}", http_options=types.HttpOptions(base_url="{base_url}"))\n'
        f'print(client.models.generate_content(model="{model}", contents="Hello").text)'
    )


def ready(*, base_url: str, secret: str, model: str, models: Sequence[str] = ()) -> tuple[Snippet, ...]:
    """Fill in every block for one key; `base_url` is without `/v1`, `models` are all the key may call."""
    v1 = f"{base_url}/v1"
    return (
        Snippet("snippet-curl", "curl", _curl(base_url, secret, model)),
        Snippet("snippet-python", "Python · openai", _python(base_url, secret, model)),
        Snippet("snippet-env", "OPENAI_BASE_URL · OPENAI_API_KEY", _environment(base_url, secret)),
        Snippet("snippet-anthropic", "Python · anthropic", _anthropic(base_url, secret, model)),
        Snippet("snippet-genai", "Python · google-genai", _genai(base_url, secret, model)),
        Snippet("snippet-langchain", "LangChain · ChatOpenAI", _langchain(base_url, secret, model)),
        Snippet("snippet-nextchat", "NextChat · https://<your NextChat>…", nextchat_fragment(base_url, secret)),
        Snippet("snippet-nextchat-server", "NextChat · server environment", _nextchat_server(base_url, model, models)),
        Snippet(
            "snippet-sillytavern",
            "SillyTavern · Chat Completion · Custom (OpenAI-compatible)",
            _fields(Custom_Endpoint=v1, Custom_API_Key=secret, Model=model),
        ),
        Snippet(
            "snippet-sillytavern-claude",
            "SillyTavern · Claude · Reverse Proxy",
            _fields(Proxy_Server_URL=v1, Proxy_Password=secret, Model=model),
        ),
        Snippet("snippet-openwebui", "Open WebUI · Settings · Connections · OpenAI API", _fields(URL=v1, Key=secret)),
        Snippet("snippet-lobechat", "LobeChat · server environment", _lobechat(base_url, secret, model)),
        Snippet("snippet-cherry", "Cherry Studio · Model Provider · OpenAI", _fields(API_Host=base_url, API_Key=secret, Model=model)),
        Snippet("snippet-continue", "Continue · ~/.continue/config.yaml", _continue(base_url, secret, model)),
        Snippet("snippet-cline", "Cline · OpenAI Compatible", _fields(Base_URL=v1, API_Key=secret, Model_ID=model)),
        Snippet("snippet-claude", "Claude Code", _claude_code(base_url, secret, model)),
        Snippet("snippet-codex", "Codex · ~/.codex/config.toml", _codex(base_url, model)),
    )
