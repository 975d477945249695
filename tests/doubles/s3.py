"""A server that speaks S3's protocol over HTTP: objects are put, read, asked after and deleted, by signed requests only."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/s3/aws4_request, SignedHeaders=.+, Signature=[0-9a-f]{64}"
)


@dataclass
class Bucket:
    """What was stored, by path."""

    key: str
    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        bucket = self.server.bucket
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        signed = _SIGNED.fullmatch(self.headers.get("Authorization", ""))
        told = self.headers.get("x-amz-content-sha256", "")
        if signed is None or signed["key"] != bucket.key or told not in {hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"}:
            self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif self.command == "PUT":
            bucket.objects[self.path] = body
            self.answer(200)
        elif self.command == "DELETE":
            bucket.objects.pop(self.path, None)
            self.answer(204)
        elif self.path in bucket.objects:
            self.answer(200, bucket.objects[self.path])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_GET = do_HEAD = do_PUT = do_DELETE = handle_any  # the library's names

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')  # noqa: S324  # what S3 calls it
        self.send_header("Last-Modified", "Fri, 27 Nov 2026 06:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    bucket: Bucket


@contextmanager
def serving(*, key: str) -> Iterator[Bucket]:
    """Serve one bucket to whoever signs with this key."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.bucket = Bucket(key, url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
