"""Measure the CPU of one call: the relay and the bare proxy in this one process, in short alternating rounds.

The servers' own protocols get requests from memory and answers into it; towards the mock upstream the sockets are real. CPU
time of the process, not wall time, so that a busy machine disturbs little; medians of the ratios of paired rounds.

Run: python -m bench.percall [--kinds plain,stream] [--sizes "0.25 KB"] [--rounds 15] [--calls 600] [--profile FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import statistics
import sys
import time
from contextlib import ExitStack, nullcontext
from typing import Any

from bench import stack
from bench.run import SIZES, request_body
from console.start.children import MEMORY


class Client(asyncio.Transport):
    """The client's end of one connection, in memory: sends the same request again as soon as its answer is complete."""

    def __init__(self, request: bytes, expected_end: bytes) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self._request = request
        self._end = expected_end
        self._left = 0
        self._pieces: list[bytes] = []
        self._done: asyncio.Future[None] | None = None
        self._protocol: Any = None

    def connect(self, protocol: Any) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def calls(self, count: int) -> asyncio.Future[None]:
        """Make so many calls, one after the other."""
        self._left = count
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        return self._done

    def _send(self) -> None:
        # As a socket would: a large request arrives in pieces.
        for start in range(0, len(self._request), 256 * 1024):
            self._protocol.data_received(self._request[start : start + 256 * 1024])

    def write(self, data: Any) -> None:
        self._pieces.append(bytes(data))
        if not data.endswith(self._end):
            return
        answer, self._pieces = b"".join(self._pieces), []
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"a call failed: {answer[:500]!r}")
        self._left -= 1
        loop = asyncio.get_running_loop()
        if self._left:
            loop.call_soon(self._send)
        elif self._done is not None:
            loop.call_soon(self._done.set_result, None)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class Server:
    """One application behind the protocol that serves it, with its clients."""

    def __init__(self, application: Any, *, path: str, key: str, body: bytes, connections: int) -> None:
        import uvicorn  # noqa: PLC0415  # after the environment is set
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415
        from uvicorn.server import ServerState  # noqa: PLC0415

        from foundation.http_server import Protocol  # noqa: PLC0415

        is_ours = application.__class__.__name__ == "Application"
        served_by = Protocol if is_ours else HttpToolsProtocol
        config = uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            http=served_by,
        )
        config.load()
        state = ServerState()
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\n"
        request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        # The bare proxy and every stream end by a chunk of nothing; the relay's whole answers by their brace.
        self._clients = []
        for _ in range(connections):
            client = Client(request, b"}" if is_ours and b'"stream": false' in body else b"0\r\n\r\n")
            client.connect(served_by(config=config, server_state=state, app_state={}))
            self._clients.append(client)

    async def cost(self, calls: int) -> float:
        """Return the CPU µs of one call."""
        each = calls // len(self._clients)
        began = time.process_time()
        await asyncio.gather(*[client.calls(each) for client in self._clients])
        return (time.process_time() - began) / (each * len(self._clients)) * 1e6


async def _measure(options: argparse.Namespace, key: str) -> None:
    from bench import bare_proxy  # noqa: PLC0415  # reads the environment
    from config.asgi import application  # noqa: PLC0415

    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.ensure_future(application({"type": "lifespan"}, sent.get, lambda message: told.put(dict(message))))
    sent.put_nowait({"type": "lifespan.startup"})
    if (await told.get())["type"] != "lifespan.startup.complete":
        raise SystemExit("the relay did not start")
    for kind in options.kinds.split(","):
        for size in options.sizes.split(","):
            body = request_body(model=f"bench-{kind}", is_stream=kind == "stream", size=SIZES[size])
            made = {"key": key, "body": body, "connections": options.connections}
            governed = Server(application, path="/v1/chat/completions", **made)
            bare = Server(bare_proxy.application, path=f"/{kind}/v1/chat/completions", **made)
            await _compare(f"{kind}, {size}", governed, bare, options)
    sent.put_nowait({"type": "lifespan.shutdown"})
    await life


async def _compare(title: str, governed: Server, bare: Server, options: argparse.Namespace) -> None:
    for server in (governed, bare):
        await server.cost(options.calls)  # warm
    if options.profile:
        with cProfile.Profile(time.thread_time) as profile:
            await governed.cost(options.calls * 4)
        profile.dump_stats(f"{options.profile}-{title.replace(', ', '-').replace(' ', '')}")
        return
    pairs = []
    for _ in range(options.rounds):
        pairs.append((await governed.cost(options.calls), await bare.cost(options.calls)))
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    least, bare_least = (min(column) for column in zip(*pairs, strict=True))
    ratios = sorted(one / other for other, one in pairs)
    print(
        f"{title:<18} governed {ours:7.1f} (least {least:7.1f})  bare {theirs:7.1f} (least {bare_least:7.1f})  bare / governed"
        f" {statistics.median(ratios):.3f} ({ratios[len(ratios) // 4]:.3f} to {ratios[-len(ratios) // 4]:.3f})  µs a call",
        flush=True,
    )


def main() -> None:
    """Set everything up, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kinds", default="plain,stream")
    options.add_argument("--sizes", default="0.25 KB,10 KB,300 KB")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--calls", type=int, default=640)
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--profile", default="", help="write cProfile statistics of the relay instead")
    options.add_argument("--without-flusher", action="store_true")
    chosen = options.parse_args()
    if MEMORY.items() - os.environ.items():  # what the C library reads when a process begins
        os.execve(sys.executable, [sys.executable, "-m", "bench.percall", *sys.argv[1:]], {**os.environ, **MEMORY})  # noqa: S606  # this program again
    with ExitStack() as exits:
        base = exits.enter_context(stack.ground())
        exits.enter_context(nullcontext() if chosen.without_flusher else stack.flusher(base))
        os.environ.update(base.environment)
        import uvloop  # noqa: PLC0415  # the loop uvicorn would use

        uvloop.run(_measure(chosen, base.key))


if __name__ == "__main__":
    main()
