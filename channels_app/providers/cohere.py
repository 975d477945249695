"""Cohere. Source: https://docs.cohere.com/reference/about."""

from __future__ import annotations

import re

from channels_app.contract import ChannelFacts
from channels_app.provider import Provider

_VERSION = re.compile(r"/v\d+$")


class Cohere(Provider):
    slug = "cohere"
    label = "Cohere"
    dialect = "cohere"
    base_url = "https://api.cohere.com/v2"
    default_models = ("command-a-03-2025", "command-r7b-12-2024", "embed-v4.0", "rerank-v3.5")

    def address(self, channel: ChannelFacts, path: str) -> str:
        base = (channel.base_url or self.base_url).strip().rstrip("/")
        return _VERSION.sub("", base) + "/v2" + path
