"""A scripted upstream that remembers what it served: the other side of the account that chaos compares with.

It speaks OpenAI's chat completions. The prompt is `<marker> <tokens>`: the answer has exactly that many output tokens,
the input always counts 10. Runs as `python -m tests.chaos.upstream PORT`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from aiohttp import web

INPUT_TOKENS = 10


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": tokens, "total_tokens": INPUT_TOKENS + tokens}


def _chunk(marker: str, **rest: object) -> bytes:
    frame = {"id": f"chatcmpl-{marker}", "object": "chat.completion.chunk", "created": 1, "model": "chaos-upstream", **rest}
    return b"data: " + json.dumps(frame).encode() + b"\n\n"


def _choice(delta: dict[str, str], finish: str | None = None) -> list[dict[str, object]]:
    return [{"index": 0, "delta": delta, "finish_reason": finish}]


async def _stream(request: web.Request, marker: str, tokens: int) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    # The relay that called may have been killed meanwhile.
    with contextlib.suppress(ConnectionResetError):
        await answer.prepare(request)
        await answer.write(_chunk(marker, choices=_choice({"role": "assistant", "content": ""})))
        for number in range(tokens):
            await answer.write(_chunk(marker, choices=_choice({"content": f"t{number} "})))
            await asyncio.sleep(0.01)
        await answer.write(_chunk(marker, choices=_choice({}, "stop")))
        await answer.write(_chunk(marker, choices=[], usage=_usage(tokens)))
        await answer.write(b"data: [DONE]\n\n")
    return answer


async def _complete(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    # The product's own health checks say something else: they get an answer too, or they would take the channel out.
    marker, _space, tokens = body["messages"][-1]["content"].partition(" ")
    tokens = tokens if tokens.isdecimal() else "1"
    if body.get("stream"):
        return await _stream(request, marker, int(tokens))
    await asyncio.sleep(0.05)
    message = {"role": "assistant", "content": "word " * int(tokens)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    frame = {"id": f"chatcmpl-{marker}", "object": "chat.completion", "created": 1, "model": "chaos-upstream"}
    return web.json_response({**frame, "choices": choices, "usage": _usage(int(tokens))})


if __name__ == "__main__":
    application = web.Application()
    application.router.add_post("/v1/chat/completions", _complete)
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
