"""Start one relay process: uvicorn with our protocol and the options that all starts share.

Run: python -m config.serve (--fd N | --host H --port P) [--grace SECONDS] [--log-level LEVEL] [--backlog N]
"""

from __future__ import annotations

import argparse

import uvicorn

from foundation.http_server import Protocol

APPLICATION = "config.asgi:application"
# Longer than proxies keep an idle connection: they, not we, close it first, so that no call goes into a closed one.
KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Serve until told to stop; answers that are under way get `--grace` seconds to end."""
    options = argparse.ArgumentParser(prog="python -m config.serve", description=__doc__)
    options.add_argument("--fd", type=int, help="an inherited socket that listens already")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--grace", type=int, default=10)
    options.add_argument("--log-level", default="info")
    options.add_argument("--backlog", type=int, default=2048)
    chosen = options.parse_args()
    uvicorn.run(
        APPLICATION,
        http=Protocol,
        fd=chosen.fd,
        host=chosen.host,
        port=chosen.port,
        backlog=chosen.backlog,
        log_level=chosen.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=chosen.grace,
    )


if __name__ == "__main__":
    main()
