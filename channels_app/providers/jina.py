"""Jina: DeepSearch by chat, embeddings and reranking, at two addresses. Source: https://jina.ai/api-dashboard."""

from __future__ import annotations

from channels_app.contract import ChannelFacts
from channels_app.provider import Provider

_CHAT = "/chat/completions"


class Jina(Provider):
    slug = "jina"
    label = "Jina"
    base_url = "https://api.jina.ai/v1"
    default_models = ("jina-deepsearch-v1", "jina-embeddings-v3", "jina-reranker-v2-base-multilingual")
    operations = frozenset({"chat", "embeddings", "rerank"})

    def address(self, channel: ChannelFacts, path: str) -> str:
        return f"https://deepsearch.jina.ai/v1{path}" if path == _CHAT and not channel.base_url else super().address(channel, path)
