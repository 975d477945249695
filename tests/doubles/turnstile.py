"""Cloudflare's siteverify: knows one secret, takes each token it gave out once, and may fall silent."""

from __future__ import annotations

import json
import time

from tests.doubles.web import Asked, Given, Service


class Siteverify(Service):
    """`give()` is what the widget does in the browser: it returns a token that is good once."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port)
        self.secret = "0x4AAA-secret"
        self.tokens: set[str] = set()
        self.given = 0
        self.hangs_seconds = 0.0

    def give(self) -> str:
        self.given += 1
        token = f"0.token-{self.given}"
        self.tokens.add(token)
        return token

    def handle(self, asked: Asked) -> Given:
        if self.hangs_seconds:
            time.sleep(self.hangs_seconds)
        fields = asked.form
        if fields.get("secret") != self.secret:
            return self._refusal("invalid-input-secret")
        token = fields.get("response", "")
        if token not in self.tokens:
            return self._refusal("timeout-or-duplicate" if token.startswith("0.") else "invalid-input-response")
        self.tokens.discard(token)
        answer = {
            "success": True,
            "challenge_ts": "2026-11-27T16:00:00.000Z",
            "hostname": "shop.test",
            "error-codes": [],
            "action": "sign_in",
            "cdata": "",
        }
        return Given(json.dumps(answer).encode())

    def _refusal(self, code: str) -> Given:
        return Given(json.dumps({"success": False, "error-codes": [code], "messages": []}).encode())
