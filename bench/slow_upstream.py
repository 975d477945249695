"""An upstream that takes its time: whole answers after 50 ms, streams of a frame every 50 ms that each say when they were sent.

Run: python -m bench.slow_upstream PORT [FRAMES]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from bench.mock_upstream import COMPLETION, chunk

PAUSE_SECONDS = 0.05
_WHOLE = json.dumps(COMPLETION, separators=(",", ":")).encode()
_FRAMES = int(sys.argv[2]) if len(sys.argv) > 2 else 100


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            if b"/stream/" in head.partition(b"\r\n")[0]:
                await _stream(writer)
            else:
                await asyncio.sleep(PAUSE_SECONDS)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_WHOLE) + _WHOLE)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _stream(writer: asyncio.StreamWriter) -> None:
    def send(text: str) -> None:
        writer.write(b"%x\r\n%b\r\n" % (len(text), text.encode()))

    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    send(chunk({"role": "assistant", "content": ""}))
    due = time.monotonic()
    for _ in range(_FRAMES):
        due += PAUSE_SECONDS
        await asyncio.sleep(due - time.monotonic())
        send(chunk({"content": f"{time.monotonic():.6f} "}))
    send(chunk({}, "stop") + "data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")


async def _main(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main(int(sys.argv[1])))
