"""What an instance needs for `make compat`: channels for every defect and error, prices, and the keys that are refused."""

from __future__ import annotations

import json
import sys
from typing import Any

from accounts import keys, people
from accounts.models import Membership
from billing import price_book
from channels_app import channels
from tests.compat.upstream import ANTHROPIC, ERRORS, INPUT_MICROS, OUTPUT_MICROS
from tests.doubles import defects


def make(*, url: str, model: str, email: str, columns: list[str], litellm: str = "", key: str = "") -> None:
    """Make everything and print the secrets of the refused keys as JSON.

    `litellm` is the address of a LiteLLM proxy, if there is one, and `key` its key.
    A failing model and its channel belong to one client: they would be put aside before the next one comes.
    """
    price_book.set_price(model="compat-*", input=INPUT_MICROS, output=OUTPUT_MICROS)
    _channel("compat", url, {model: "up-1", "compat-floats": "floats-only"})
    _channel("compat-defects", url, {f"compat-defect-{n}": f"defect-{n}" for n, _ in enumerate(defects.STREAMS)})
    for column in columns:
        for name in (*(f"failure-{n}" for n, _ in enumerate(defects.FAILURES)), *ERRORS, "cut-socket"):
            _channel(f"{column} {name}", url, {f"compat-{column}-{name}": name})
        for n, _ in enumerate(ANTHROPIC if column.startswith("anthropic") else ()):
            _channel(f"{column} claude-{n}", url, {f"compat-{column}-claude-{n}": f"claude-{n}"}, provider="anthropic")
    if litellm:
        served = {"compat-bedrock-claude-haiku": "bedrock-claude-haiku"}
        channels.add(name="litellm", provider="litellm", base_url=litellm, key=key, models=served, allow_private=True)
    sys.stdout.write(json.dumps(_refused(email, model)) + "\n")


def _channel(name: str, url: str, models: dict[str, str], provider: str = "openai") -> None:
    channels.add(name=name, provider=provider, base_url=url, key="sk-upstream", models=models, allow_private=True)


def _refused(email: str, model: str) -> dict[str, Any]:
    member = Membership.objects.get(user__email=email)
    paused = keys.issue(membership=member, name="paused")
    keys.pause(key=paused.key, is_paused=True)
    narrow = keys.issue(membership=member, name="narrow", models=("another-model",))
    nobody, _ = Membership.objects.get_or_create(tenant=member.tenant, user=people.add(email="penniless@compat.example"))
    return {"paused": paused.secret, "narrow": narrow.secret, "poor": keys.issue(membership=nobody, name="poor").secret, "bad": "sk-nobody"}
