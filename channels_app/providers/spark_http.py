"""iFlytek Spark over HTTP, which speaks like OpenAI; X1 lives below /v2, all others below /v1."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from channels_app import bounds, codes
from channels_app.contract import Call, ChannelFacts, Encoded, Failure, FailureKind
from channels_app.fitting import classic, rewritten
from channels_app.provider import Field, Provider, gettext_noop

_LIMITS = {"temperature": (bounds.LEAST, 1), "top_k": (1, 6), "max_tokens": (1, 8192)}


class SparkHttp(Provider):
    slug = "spark_http"
    label = "iFlytek Spark (HTTP)"
    base_url = "https://spark-api-open.xf-yun.com"
    key_parts = (
        Field(
            "api_password",
            gettext_noop("APIPassword"),
            is_secret=True,
            is_required=True,
            help=gettext_noop("Of the model's own page in the console; or APIKey:APISecret."),
        ),
    )
    default_models = ("lite", "generalv3", "pro-128k", "generalv3.5", "max-32k", "4.0Ultra")
    operations = frozenset({"chat"})
    codes = codes.SPARK

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Choose the version by the model, and keep numbers inside the vendor's bounds."""
        version = "/v2" if channel.upstream(call.model).lower().startswith("x") else "/v1"
        changes: dict[str, Any] = bounds.changed(call.chat, **_LIMITS)
        limit = bounds.output_limit(call.chat)
        if "max_completion_tokens" in call.chat and limit is not None:
            changes["max_tokens"] = min(limit, 8192)
        made = classic(rewritten(encoded, changes, without=("max_completion_tokens", "n", "logit_bias")))
        return made._replace(path=version + encoded.path)

    def address(self, channel: ChannelFacts, path: str) -> str:
        base = (channel.base_url or self.base_url).rstrip("/")
        return re.sub(r"/v\d+$", "", base) + path

    def classify(self, failure: Failure, body: bytes) -> Failure:
        """Read a 401 as a refused password: the body beside it says `api_error` and nothing more."""
        return replace(failure, kind=FailureKind.BAD_KEY) if failure.status == 401 else super().classify(failure, body)
