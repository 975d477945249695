"""An OpenID provider on a port of its own: discovery, a token for the code it expects, and who the person is."""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class OpenIdProvider:
    """Use as a context; `asked` holds the token requests it got."""

    def __init__(self, person: dict[str, Any]) -> None:
        self.person = person
        self.asked: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = provider.url
                if self.path.endswith("/.well-known/openid-configuration"):
                    names = {"authorization": "authorize", "token": "token", "userinfo": "me"}
                    self._say(
                        {"issuer": url, "jwks_uri": f"{url}/keys"} | {f"{name}_endpoint": f"{url}/{path}" for name, path in names.items()}
                    )
                elif self.path == "/me" and self.headers["Authorization"] == "Bearer access-1":
                    self._say(provider.person)
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                asked = dict(urllib.parse.parse_qsl(body))
                provider.asked.append(asked | {"authorization": self.headers.get("Authorization", "")})
                if asked.get("code") == "code-1":
                    self._say({"access_token": "access-1", "token_type": "Bearer", "expires_in": 60})
                else:
                    self.send_error(400)

            def _say(self, told: dict[str, Any]) -> None:
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="openid", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
