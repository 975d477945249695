"""Jina: embeddings and reranking, and DeepSearch by chat. Source: https://jina.ai/embeddings."""

from __future__ import annotations

from channels_app.provider import Provider


class Jina(Provider):
    slug = "jina"
    label = "Jina"
    base_url = "https://api.jina.ai/v1"
    default_models = ("jina-embeddings-v3", "jina-reranker-v2-base-multilingual")
