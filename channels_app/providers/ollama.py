"""Ollama by its OpenAI-compatible address; a key is needed only where a proxy in front of it asks. Source: https://docs.ollama.com/openai."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider


class Ollama(Provider):
    slug = "ollama"
    label = "Ollama"
    base_url = "http://localhost:11434/v1"
    needs_key = False

    operations = frozenset({"chat", "embeddings"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, drops=("logit_bias", "user"), knows_developer=False)

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return super().authorize(channel, key) if key.secret.reveal() else ()
