"""How many texts the models of Alibaba's DashScope embed at once, by its own interface and in compatible mode. Pure."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts
from channels_app.operations import embeddings

_MOST = {"text-embedding-v1": 25, "text-embedding-v2": 25, "text-embedding-v3": 10, "text-embedding-v4": 10}


def check(call: Call, channel: ChannelFacts) -> None:
    """Raise Unexpressible for more texts to embed than the model takes at once; of an unknown model nothing is known."""
    most = _MOST.get(channel.upstream(call.model))
    if call.operation == "embeddings" and most is not None:
        embeddings.check_number(call, most)
