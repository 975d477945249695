"""The guide to clients says what the sub-key's page prints: `python -m tests.house.test_clients_docs` writes it anew."""

from __future__ import annotations

from tests.house.code import ROOT

GUIDE = ROOT / "docs" / "clients" / "README.md"
HEAD = """# Settings for clients

A sub-key's page in the console prints these with its own address, secret and model. `https://keyosk.example` may stand below a path
(`https://www.example/keyosk`). `make compat` runs the SDKs, LangChain, LiteLLM, `llm`, Claude Code, Codex and
SillyTavern's server against a running instance; what came out stands in [compatibility.md](compatibility.md).

- A balance widget reads `/dashboard/billing/…`; NextChat asks at most once a minute, with `ENABLE_BALANCE_QUERY=1`.
- Stock NextChat refuses models of invented providers: `+model@OpenAI` makes it speak OpenAI's protocol for any model; `-all` hides its own.
- A chat page behind a site's own HTTP Basic needs no key in the browser: give the sub-key a name and a password (*Name and password* on its
  page), or let nginx or Caddy put the keys in (`deploy/nginx-basic.conf`, `deploy/Caddyfile`).
- Titles and summaries are asked of a small model under a name of the client's own (NextChat `gpt-4o-mini`, `gemini-pro`, `deepseek-chat`;
  Claude Code `claude-haiku-…`). A shop that does not offer these names one *model for titles and summaries* (back office, *Routing
  policies*): it answers all of them and is charged; further names stand in *Other names of models*. A sub-key may have its own
  (`claude-haiku-*=gpt-5-mini`, `*=gpt-5-mini`), which come first. A model that the key can call under a name stays itself, no name
  leads past a key's list of models, and `/v1/models` lists only what is sold.
"""


def guide() -> str:
    """Return the guide's text."""
    from console.pages import snippets  # noqa: PLC0415  # after Django is set up

    blocks = snippets.ready(
        base_url="https://keyosk.example", secret="sk-…", model="gpt-4o-mini", models=("gpt-4o-mini", "claude-sonnet-4")
    )
    parts = [f"## {block.title}\n\n```\n{block.text}\n```\n" for block in blocks]
    return HEAD + "\n" + "\n".join(parts)


def test_the_guide_is_what_the_page_prints() -> None:
    assert GUIDE.read_text(encoding="utf-8") == guide()


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    GUIDE.parent.mkdir(exist_ok=True)
    GUIDE.write_text(guide(), encoding="utf-8")
