"""The Hugging Face router, or a dedicated endpoint (TGI, vLLM) by its own address. Source: https://huggingface.co/docs/inference-providers.

A model is `org/name`, with `:provider`, `:fastest` or `:cheapest` behind it where the choice matters.
"""

from __future__ import annotations

from dataclasses import replace

from channels_app.contract import Call, ChannelFacts, Encoded, Failure, FailureKind
from channels_app.fitting import fit
from channels_app.provider import Provider


class HuggingFace(Provider):
    slug = "huggingface"
    label = "Hugging Face"
    base_url = "https://router.huggingface.co/v1"
    default_models = ("openai/gpt-oss-120b", "meta-llama/Llama-3.3-70B-Instruct")
    operations = frozenset({"chat", "embeddings"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, knows_developer=False)

    def classify(self, failure: Failure, body: bytes) -> Failure:
        if failure.status == 503 and b'"estimated_time"' in body:
            return replace(failure, kind=FailureKind.UPSTREAM, code="model_loading", retry_after_seconds=failure.retry_after_seconds or 20)
        return failure
