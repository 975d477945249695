"""The chat-completions protocol of OpenAI, spoken by most vendors; client and vendor speak the same dialect here.

Source: https://platform.openai.com/docs/api-reference/chat. The channel's option `strip` names fields this vendor refuses.
`classify` knows no headers: the delay a vendor asks for is `UpstreamHead.retry_after_seconds`.
"""

from __future__ import annotations

from channels_app import failures
from channels_app.chat_answer import read_answer
from channels_app.chat_request import write_body
from channels_app.chat_stream import ChatReader
from channels_app.contract import Answer, Call, ChannelFacts, Failure, UpstreamHead

_PATH = "/chat/completions"


def encode(call: Call, channel: ChannelFacts) -> tuple[str, bytes]:
    """Return the path and the body: the client's own, with upstream's model name and the usage asked for."""
    strip = channel.options.get("strip", ())
    names = {name.strip() for name in (strip.split(",") if isinstance(strip, str) else strip)} if strip else ()
    return _PATH, write_body(call, upstream_model=channel.models.get(call.model, call.model), strip=names)


def read(call: Call, head: UpstreamHead, body: bytes) -> Answer:
    """Read a non-streamed answer whatever content type it claims."""
    return read_answer(body, model=call.model)


def reader(call: Call, *, request_id: str, created: int) -> ChatReader:
    """Return the normaliser of one stream."""
    return ChatReader(model=call.model, wants_usage=call.wants_usage, request_id=request_id, created=created)


def classify(status: int, body: bytes) -> Failure:
    """Say what an error answer means."""
    return failures.classify(status, body)
