"""Google PaLM 2. Google closed it on 2024-08-15: it answers at a mirror, or its models are mapped to Gemini's."""

from __future__ import annotations

import re
from dataclasses import replace

from channels_app.contract import Call, ChannelFacts, ChannelKey, Failure, FailureKind
from channels_app.provider import Provider

_VERSION = re.compile(r"/v\d+[a-z]*\d*$")
_RETIRED = "Google retired PaLM 2 on 2024-08-15: give the address of a mirror, or map the model to one of Gemini's"


class Palm(Provider):
    slug = "palm"
    label = "Google PaLM 2 (retired)"
    dialect = "palm"
    base_url = "https://generativelanguage.googleapis.com"
    is_retired = True
    default_models = ("PaLM-2", "chat-bison-001")

    def dialect_of(self, call: Call, channel: ChannelFacts) -> str:
        return "gemini" if channel.upstream(call.model).removeprefix("models/").startswith("gemini") else self.dialect

    def address(self, channel: ChannelFacts, path: str) -> str:
        base = (channel.base_url or self.base_url).strip().rstrip("/")
        if _VERSION.search(base):
            return base + path
        method = path.partition("?")[0].rpartition(":")[2]
        beta = {"generateMessage": "v1beta2", "generateText": "v1beta2", "embedText": "v1beta2", "batchEmbedText": "v1beta3"}
        return f"{base}/{beta.get(method, 'v1beta')}{path}"

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return (("x-goog-api-key", key.secret.reveal()),)

    def classify(self, failure: Failure, body: bytes) -> Failure:
        return replace(failure, message=_RETIRED) if failure.kind is FailureKind.NOT_FOUND else failure
