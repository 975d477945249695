"""The messengers that tell staff, in one server: Telegram's bots, Bark, ServerChan and WeCom's group robots.

Each looks at what it gets as the service does, and refuses in its own words: most with a 200.
"""

from __future__ import annotations

from typing import Any

import orjson

from tests.doubles.web import Asked, Given, Service

TELEGRAM_MOST, WECOM_MOST = 4096, 2048


class Messengers(Service):
    """Takes messages for one `credential`; `told` is what arrived, by service."""

    def __init__(self, credential: str) -> None:
        super().__init__()
        self.credential = credential
        self.told: list[tuple[str, dict[str, Any]]] = []

    def handle(self, asked: Asked) -> Given:
        body = orjson.loads(asked.body)
        match asked.path.strip("/").split("/"):
            case [bot, "sendMessage"] if bot.startswith("bot"):
                return self._telegram(bot.removeprefix("bot"), body)
            case ["push"]:
                return self._bark(body)
            case [name] if name.endswith(".send"):
                return self._serverchan(name.removesuffix(".send"), body)
            case ["cgi-bin", "webhook", "send"]:
                return self._wecom(asked.query.get("key", ""), body)
        return Given(status=404)

    def _telegram(self, token: str, body: dict[str, Any]) -> Given:
        if token != self.credential:
            return _json({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        if not body.get("chat_id"):
            return _json({"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}, status=400)
        if not 0 < len(body.get("text", "")) <= TELEGRAM_MOST:
            return _json({"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}, status=400)
        return self._taken("telegram", body, {"ok": True, "result": {"message_id": 1}})

    def _bark(self, body: dict[str, Any]) -> Given:
        if body.get("device_key") != self.credential:
            return _json({"code": 400, "message": "failed to get device token: failed to get [device_key]"})
        return self._taken("bark", body, {"code": 200, "message": "success"})

    def _serverchan(self, key: str, body: dict[str, Any]) -> Given:
        if key != self.credential or not body.get("title"):
            return _json({"code": 40001, "message": "[AUTH]bad sendkey", "data": None})
        return self._taken("serverchan", body, {"code": 0, "message": "", "data": {"pushid": "1", "errno": 0, "error": "SUCCESS"}})

    def _wecom(self, key: str, body: dict[str, Any]) -> Given:
        if key != self.credential:
            return _json({"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"})
        if body.get("msgtype") != "text" or not 0 < len(body["text"]["content"].encode()) <= WECOM_MOST:
            return _json({"errcode": 40058, "errmsg": "text.content exceed max length 2048. invalid Request Parameter"})
        return self._taken("wecom", body, {"errcode": 0, "errmsg": "ok"})

    def _taken(self, service: str, body: dict[str, Any], answer: dict[str, Any]) -> Given:
        self.told.append((service, body))
        return _json(answer)


def _json(body: dict[str, Any], *, status: int = 200) -> Given:
    return Given(body=orjson.dumps(body), status=status)
